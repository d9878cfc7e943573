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
  return template.replaceAll(/\{\{([A-Za-z0-9_-]+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`a template names {{${name}}}, which has no value`);
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
  return connects ? { [authorityName]: { authority: 'certificate' }, ...secrets } : secrets;
}
