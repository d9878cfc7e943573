import { z } from 'zod';

const part = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const registry = '[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\\d{1,5})?/';
const repositoryPattern = `(?:${registry})?${part}(?:/${part})*`;

/** An image's name without its tag. */
export const repositoryName = z
  .string()
  .max(200)
  .regex(new RegExp(`^${repositoryPattern}$`), 'must be a name in lower case such as strata/guard');

/** An image as `docker run` takes it. */
export const imageName = z
  .string()
  .max(400)
  .regex(
    new RegExp(
      `^${repositoryPattern}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$|^sha256:[0-9a-f]{64}$`,
    ),
    'must be an image such as node:22-slim',
  );

/** A container's, volume's or network's name or id. */
export const engineName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, 'must be letters, digits, _ . and -');

/** A label's value; the engine says null where its types promise labels. */
export function labelOf(
  thing: { readonly Labels: Readonly<Record<string, string>> | null } | undefined,
  label: string,
): string | undefined {
  return thing?.Labels?.[label];
}

/** On what a resource of ours makes at the engine: what kind of thing it is, and which resource made it. */
export const kindLabel = 'strata.kind';
export const ownerLabel = 'strata.urn';

/** On each container and network of a stack: which stack it is, and which of its services. */
export const stackLabel = 'strata.stack';
export const serviceLabel = 'strata.service';
