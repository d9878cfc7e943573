import { stringify } from 'yaml';
import { names } from '../../data/names';
import type { SecretSource, Service, VolumeContent } from '../../services/service';
import { layoutService } from './layout';
import { doneName, filesVolume, hasFiles, layoutName, readyName } from './names';
import { doneService, readyService } from './ready';
import { runFiles } from './run-files';
import { composeService, type ComposeService } from './service';

/** What compose.yaml is made from. */
interface ComposeFileInput {
  /** Names the Compose project, and so its containers and volumes. */
  readonly stack: string;
  /** All services, the database and the schema job among them. */
  readonly services: readonly Service[];
  readonly schemaVersion: string;
  /** Lays out files and asks services whether they answer. */
  readonly nodeImage: string;
  /** Changes when the files and secrets of a service do; Compose itself does not look into them. */
  readonly revision: (service: string) => string;
  /** Where volumes lie on the host; the engine keeps those that are not said. */
  readonly folders?: Folders;
}

/** Folders of the host that volumes are. */
interface Folders {
  readonly files: (service: string) => string;
  readonly data: (content: VolumeContent) => string | undefined;
}

/** What a bundle is rendered from. */
interface ComposeInput extends Omit<ComposeFileInput, 'revision' | 'folders'> {
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
  const { services, secret, fingerprint } = input;
  const run = Object.fromEntries(
    services.map((service) => [service.name, filledFiles(service, secret)]),
  );
  const revision = (service: string): string => {
    const texts = Object.entries(run[service] ?? {}).map(([name, { text }]) => [name, text]);
    return fingerprint(JSON.stringify(texts));
  };
  return {
    'compose.yaml': { text: composeFile({ ...input, revision }), secret: false },
    ...Object.fromEntries(Object.values(run).flatMap((files) => Object.entries(files))),
  };
}

/** The text of compose.yaml. It holds no secret; `runFiles` lie beside it. */
export function composeFile(input: ComposeFileInput): string {
  const { services, folders } = input;
  const volumes = [
    ...volumesOf(services).map((content) => [
      names.volume(content, 1),
      volume(folders?.data(content)),
    ]),
    ...services
      .filter(hasFiles)
      .map(({ name }) => [filesVolume(name), volume(folders?.files(name))]),
  ] as [name: string, volume: ComposeService][];
  const file = {
    name: `strata-${input.stack}`,
    services: composeServices(input),
    volumes: Object.fromEntries(volumes),
  };
  return stringify(file, { lineWidth: 0 });
}

/** A volume of the engine's own, or a folder of the host, which has to be there before a container starts. */
function volume(folder: string | undefined): ComposeService {
  if (folder === undefined) return {};
  return { driver: 'local', driver_opts: { type: 'none', o: 'bind', device: folder } };
}

function composeServices(input: ComposeFileInput): Record<string, ComposeService> {
  const { services, schemaVersion, nodeImage } = input;
  const all = services.flatMap((service): [string, ComposeService | undefined][] => {
    const hasRun = Object.keys(runFiles(service)).length > 0;
    const revision = hasRun ? input.revision(service.name) : undefined;
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
function filledFiles(service: Service, secret: ComposeInput['secret']): Bundle {
  return Object.fromEntries(
    Object.entries(runFiles(service)).map(([name, segments]) => {
      const texts = segments.map((piece) => (typeof piece === 'string' ? piece : secret(piece)));
      return [name, { text: texts.join(''), secret: true }];
    }),
  );
}

/** The named volumes of all services. */
function volumesOf(services: readonly Service[]): VolumeContent[] {
  return [...new Set(services.flatMap(({ volumes = {} }) => Object.values(volumes)))].sort();
}
