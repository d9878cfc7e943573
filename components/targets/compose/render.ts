import { stringify } from 'yaml';
import { names } from '../../data/names';
import type { FileContent, SecretSource, Service, VolumeContent } from '../../services/service';
import { fill, secretsOf } from '../files';
import { layoutService } from './layout';
import {
  doneName,
  filesVolume,
  hasFiles,
  layoutName,
  readyName,
  runFolder,
  variablesFile,
} from './names';
import { doneService, readyService } from './ready';
import { composeService, type ComposeService } from './service';

/** What a bundle is rendered from. */
export interface ComposeInput {
  /** Names the Compose project, and so its containers and volumes. */
  readonly stack: string;
  /** All services, the database and the schema job among them. */
  readonly services: readonly Service[];
  readonly schemaVersion: string;
  /** Lays out files and asks services whether they answer. */
  readonly nodeImage: string;
  readonly secret: (source: SecretSource) => string;
  /** A hash of secret texts that nobody can guess them from. */
  readonly fingerprint: (text: string) => string;
}

/** A file that a bundle is rendered with. */
export interface BundleFile {
  readonly text: string;
  /** Only its owner may read it. */
  readonly secret: boolean;
}

type Bundle = Readonly<Record<string, BundleFile>>;

/**
 * What `docker compose up` needs to run a deployment, by relative file name, but for the folders `build/<service>` that
 * images are built from. Pure: the same input makes the same files. Tried with Compose 2.40.3 on engine 20.10; variables that are secret need a Compose that knows
 * `env_file` in `format: raw`.
 *
 * @example renderCompose({ stack: 'dev', services, schemaVersion, … })['compose.yaml'].text
 */
export function renderCompose(input: ComposeInput): Bundle {
  const { services } = input;
  const run = Object.fromEntries(
    services.map((service) => [service.name, runFiles(service, input.secret)]),
  );
  const file = {
    name: `strata-${input.stack}`,
    services: composeServices(input, run),
    volumes: Object.fromEntries(
      [
        ...volumesOf(services).map((content) => names.volume(content, 1)),
        ...services.filter(hasFiles).map(({ name }) => filesVolume(name)),
      ].map((name) => [name, {}]),
    ),
  };
  return {
    'compose.yaml': { text: stringify(file, { lineWidth: 0 }), secret: false },
    ...Object.fromEntries(Object.values(run).flatMap((files) => Object.entries(files))),
  };
}

function composeServices(
  { services, schemaVersion, nodeImage, fingerprint }: ComposeInput,
  run: Readonly<Record<string, Bundle>>,
): Record<string, ComposeService> {
  const all = services.flatMap((service): [string, ComposeService | undefined][] => {
    const texts = Object.entries(run[service.name] ?? {}).map(([name, { text }]) => [name, text]);
    const revision = texts.length > 0 ? fingerprint(JSON.stringify(texts)) : undefined;
    return [
      [service.name, composeService(service, { services, schemaVersion, revision })],
      [readyName(service.name), readyService(service, nodeImage)],
    ];
  });
  return {
    [layoutName]: layoutService(services, nodeImage),
    ...Object.fromEntries(all.filter((entry): entry is [string, ComposeService] => !!entry[1])),
    [doneName]: doneService(services, nodeImage),
  };
}

/** Configuration belongs to one user too: what is in it is nobody else's business. */
function runFiles(service: Service, secret: ComposeInput['secret']): Bundle {
  const folder = runFolder(service.name);
  const files = Object.entries(service.files).map(([name, content]) => [
    `${folder}/files/${name}`,
    textOf(content, secret),
  ]);
  const secrets = Object.entries(secretsOf(service)).map(([name, source]) => [
    `${folder}/secrets/${name}`,
    secret(source),
  ]);
  const variables = Object.entries(service.secretEnvironment ?? {}).map(
    ([name, value]) => `${name}=${'template' in value ? textOf(value, secret) : secret(value)}\n`,
  );
  const own = variables.length > 0 ? [[variablesFile(service.name), variables.join('')]] : [];
  const texts = [...files, ...secrets, ...own] as [name: string, text: string][];
  return Object.fromEntries(texts.map(([name, text]) => [name, { text, secret: true }]));
}

/** The named volumes of all services. */
function volumesOf(services: readonly Service[]): VolumeContent[] {
  return [...new Set(services.flatMap(({ volumes = {} }) => Object.values(volumes)))].sort();
}

function textOf(content: FileContent, secret: ComposeInput['secret']): string {
  if (typeof content === 'string') return content;
  const values = Object.entries(content.secrets).map(([name, source]) => [name, secret(source)]);
  return fill(content.template, Object.fromEntries(values) as Record<string, string>);
}
