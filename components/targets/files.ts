import * as pulumi from '@pulumi/pulumi';
import type { FileContent } from '../services/service';
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
