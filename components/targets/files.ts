import * as pulumi from '@pulumi/pulumi';
import type { FileContent, SecretSource, Service } from '../services/service';
import type { SecretValue } from './target';

/** A file's text as a resource takes it; that of a template is secret. */
export function fileText(content: FileContent, secret: SecretValue): pulumi.Input<string> {
  if (typeof content === 'string') return content;
  const values = Object.fromEntries(
    Object.entries(content.secrets).map(([name, source]) => [name, secret(source)]),
  );
  return pulumi.all(values).apply((known) => fill(content.template, known));
}

/** A template with each `{{NAME}}` replaced. Throws an error that names what it has no value for. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return split(template, values).join('');
}

/** A piece of a file: its text, or where the value that stands there comes from. */
export type Segment = string | SecretSource;

/** A file in pieces, for whoever has the values later. */
export function segmentsOf(content: FileContent): Segment[] {
  if (typeof content === 'string') return [content];
  return split(content.template, content.secrets);
}

function split<T>(template: string, values: Readonly<Record<string, T>>): (string | T)[] {
  // Every other piece is a name.
  return template.split(/\{\{([A-Za-z0-9_-]+)\}\}/).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const value = values[piece];
    if (value === undefined) throw new Error(`a template names {{${piece}}}, which has no value`);
    return value;
  });
}

/** The secret under which every service that connects to the database finds who signed its certificate. */
export const authorityName = 'AUTHORITY';

/** The secrets of a service: who connects to the database is told who signed its certificate. */
export function secretsOf({ secrets }: Service): Readonly<Record<string, SecretSource>> {
  const connects = Object.values(secrets).some(
    (source) => 'database' in source || 'vendor' in source,
  );
  return connects ? { [authorityName]: { authority: 'database' }, ...secrets } : secrets;
}
