import { stringify } from 'yaml';
import { names } from '../../data/names';
import type { FileContent, SecretSource, Service } from '../../services/service';
import { fill } from '../files';
import { composeService, runFolder, secretsOf, variablesFile, volumesOf } from './service';

/** What a bundle is rendered from. */
export interface ComposeInput {
  /** Names the Compose project, and so its containers and volumes. */
  readonly stack: string;
  /** All services, the database and the schema job among them. */
  readonly services: readonly Service[];
  readonly schemaVersion: string;
  readonly secret: (source: SecretSource) => string;
  /** The files of the folders that images are built from: service → relative name → text. */
  readonly contexts: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A file of a bundle. */
export interface BundleFile {
  readonly text: string;
  /** It holds a secret, so only its owner may enter its folder. */
  readonly secret: boolean;
}

/**
 * Everything that `docker compose up` needs to run a deployment, by relative file name. Pure: the same input makes the
 * same bundle.
 *
 * @example renderCompose({ stack: 'dev', services, schemaVersion, secret, contexts })['compose.yaml'].text
 */
export function renderCompose(input: ComposeInput): Record<string, BundleFile> {
  const { services } = input;
  const file = {
    name: `strata-${input.stack}`,
    services: Object.fromEntries(
      services.map((service) => [
        service.name,
        composeService(service, services, input.schemaVersion),
      ]),
    ),
    volumes: Object.fromEntries(
      volumesOf(services).map((content) => {
        const name = names.volume(content, 1);
        return [name, { name: `strata-${input.stack}-${name}` }];
      }),
    ),
  };
  return {
    'compose.yaml': { text: stringify(file, { lineWidth: 0 }), secret: false },
    ...Object.fromEntries(
      services.flatMap((service) => Object.entries(runFiles(service, input.secret))),
    ),
    ...Object.fromEntries(
      Object.entries(input.contexts).flatMap(([service, files]) =>
        Object.entries(files).map(([name, text]) => [
          `build/${service}/${name}`,
          { text, secret: false },
        ]),
      ),
    ),
  };
}

function runFiles(service: Service, secret: ComposeInput['secret']): Record<string, BundleFile> {
  const folder = runFolder(service.name);
  const files = Object.entries(service.files).map(([name, content]): [string, BundleFile] => [
    `${folder}/files/${name}`,
    { text: textOf(content, secret), secret: typeof content !== 'string' },
  ]);
  const secrets = Object.entries(secretsOf(service)).map(([name, source]): [string, BundleFile] => [
    `${folder}/secrets/${name}`,
    { text: secret(source), secret: true },
  ]);
  const variables = Object.entries(service.secretEnvironment ?? {}).map(
    ([name, source]) => `${name}=${secret(source)}\n`,
  );
  return Object.fromEntries([
    ...files,
    ...secrets,
    ...(variables.length > 0
      ? [[variablesFile(service.name), { text: variables.join(''), secret: true }] as const]
      : []),
  ]);
}

function textOf(content: FileContent, secret: ComposeInput['secret']): string {
  if (typeof content === 'string') return content;
  const values = Object.entries(content.secrets).map(([name, source]) => [name, secret(source)]);
  return fill(content.template, Object.fromEntries(values) as Record<string, string>);
}
