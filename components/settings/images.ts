import { z } from 'zod';
import { imageNames } from '../services/images';
import * as values from './values';

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
/** Without a dot or a port Docker would take the word for a user of Docker Hub and fetch a stranger's image. */
const host = `(?:localhost(?::[0-9]{1,5})?|${label}(?:\\.${label})+(?::[0-9]{1,5})?|${label}:[0-9]{1,5})`;
const part = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const tag = '\\w[\\w.-]{0,127}';
const digest = 'sha256:[0-9a-f]{64}';

const mirrorAllowed =
  'the host of a registry, with port and path where it has them and without a scheme, ' +
  'such as registry.example.org:5000/hub';

const referenceAllowed =
  'an image with its tag or digest, such as registry.example.org/nginx:1.30.4';

function text(allowed: string, pattern: string) {
  return values.text(allowed, new RegExp(`^${pattern}$`), 512);
}

/** An image that means one thing: without a tag it would be whatever is newest on the day of the deployment. */
export const imageReference = text(
  referenceAllowed,
  `(?:${host}/)?${part}(?:/${part})*(?::${tag}(?:@${digest})?|@${digest})`,
);

const override = z.strictObject(
  Object.fromEntries(imageNames.map((name) => [name, imageReference.optional()])) as Record<
    (typeof imageNames)[number],
    z.ZodOptional<typeof imageReference>
  >,
);

/** Where container images come from: `strata:images`. */
export const images = z.strictObject({
  mirror: text(mirrorAllowed, `${host}(?:/${part})*`)
    .optional()
    .describe('A registry that has the same images at the same paths; its host replaces theirs.'),
  override: override.prefault({}).describe('Name of an image → another one in its place, in full.'),
});

export type ImageSettings = z.output<typeof images>;
