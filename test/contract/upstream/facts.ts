import type { Service } from '../../../components/services/service';
import type { PresetName } from '../../../components/settings/names';
import type { ComposedService } from '../../support/compose';

/** What a Compose file of upstream says of a service: facts, not its text. */
export interface UpstreamService {
  /** What it is called there, and whose service of which preset is compared with it. */
  readonly name: string;
  readonly preset: PresetName;
  readonly ours: string;
  readonly image: string;
  /** Where it listens. */
  readonly port: number;
  /** Without one, upstream's image says it. */
  readonly command?: readonly string[];
  readonly health?: readonly string[];
  /** Ports of the host. */
  readonly published?: readonly string[];
  /** Paths in the container that something is mounted at. */
  readonly mounts?: readonly string[];
  /** Variable → its value there; `undefined` where whoever installs it says it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Fact or facts → why it is not as upstream has it. Whatever differs has to stand here, and nothing else. */
  readonly differences: readonly (readonly [facts: readonly string[], why: string])[];
}

/** A service of upstream's that another program stands for here. */
interface Replaced {
  readonly name: string;
  readonly image: string;
  readonly preset: PresetName;
  /** Names of our services; empty where nothing stands for it. */
  readonly by: readonly string[];
  readonly why: string;
}

/** A Compose file of upstream, read on a day. */
export interface UpstreamFile {
  readonly title: string;
  /** Repository, path and commit. */
  readonly source: string;
  readonly read: string;
  readonly services: readonly UpstreamService[];
  readonly replaced: readonly Replaced[];
}

/** What is compared of one of ours: the rendered service, what its files hold, and what Compose has no word for. */
export interface Ours {
  readonly composed: ComposedService;
  readonly service: Service;
}

/** Each fact in which ours is another than upstream's, in words that `differences` repeats. */
export function differ(upstream: UpstreamService, ours: Ours): string[] {
  const { composed, service } = ours;
  const health = (composed.healthcheck as { test: readonly string[] } | undefined)?.test;
  const port = service.kind === 'workload' ? service.port : undefined;
  return [
    ...unlike('image', upstream.image, composed.image?.replace(/^docker\.io\//, '')),
    ...unlike('port', upstream.port, port),
    ...unlike('command', upstream.command?.join(' '), words(composed.entrypoint, composed.command)),
    ...unlike('health', upstream.health?.join(' '), health?.join(' ')),
    ...unlike('published', upstream.published?.join(' '), composed.ports && 'some'),
    ...(upstream.mounts ?? []).filter((path) => !mounted(composed, path)).map((at) => `no ${at}`),
    ...variables(upstream.environment, told(ours)),
  ];
}

/** How many facts are the same. */
export function agreed(upstream: UpstreamService, found: readonly string[]): number {
  const all = 5 + Object.keys(upstream.environment).length + (upstream.mounts?.length ?? 0);
  return all - found.filter((fact) => !fact.startsWith('also ')).length;
}

function unlike(fact: string, upstream: unknown, ours: unknown): string[] {
  return upstream === ours ? [] : [fact];
}

function words(...parts: unknown[]): string | undefined {
  const said = parts.flat().filter((part) => typeof part === 'string');
  return said.length === 0 ? undefined : said.join(' ');
}

function mounted({ volumes = [] }: ComposedService, path: string): boolean {
  return volumes.some((one) =>
    typeof one === 'string' ? one.split(':')[1] === path : one.target === path,
  );
}

function variables(
  upstream: UpstreamService['environment'],
  ours: Readonly<Record<string, string | undefined>>,
): string[] {
  const theirs = Object.entries(upstream).flatMap(([name, value]) => {
    if (!(name in ours)) return [`no ${name}`];
    return value === undefined || ours[name] === value ? [] : [name];
  });
  const more = Object.keys(ours).filter((name) => !(name in upstream));
  return [...theirs, ...more.map((name) => `also ${name}`)];
}

/**
 * The variables that ours is told: in its description, in files of variables, and those that a shell reads from the
 * secrets' files before it. What the platform gives to every container, its files' paths, is not upstream's to know.
 */
function told({ composed, service }: Ours): Record<string, string | undefined> {
  const files = Object.entries(service.files).filter(([name]) => name.endsWith('.env'));
  const lines = files.flatMap(([, content]) =>
    (typeof content === 'string' ? content : content.template).split('\n').filter(Boolean),
  );
  const inFiles = lines.map((line): [string, string | undefined] => {
    const [name = '', value = ''] = line.split(/=(.*)/s);
    return [name, value.includes('{{') ? undefined : value.replace(/^'(.*)'$/, '$1')];
  });
  const shell = words(composed.command)?.matchAll(/export (\w+)/g) ?? [];
  const secret = [
    ...Object.keys(service.secretEnvironment ?? {}),
    ...[...shell].map(([, name]) => name ?? ''),
  ];
  const own = new Set(Object.keys(service.secrets).map((name) => `${name}_FILE`));
  const plain = Object.entries(composed.environment ?? {}).filter(
    ([name]) => !ofThePlatform.has(name) && (readByImage.has(name) || !own.has(name)),
  );
  return Object.fromEntries([
    ...plain,
    ...inFiles,
    ...secret.map((name) => [name, undefined] as const),
  ]);
}

const ofThePlatform = new Set(['SCHEMA_VERSION', 'AUTHORITY_FILE']);

/** Of the variables with the paths of secrets those that an image of upstream's knows. */
const readByImage = new Set([
  'PG_META_DB_PASSWORD_FILE',
  'CRYPTO_KEY_FILE',
  'PGADMIN_DEFAULT_PASSWORD_FILE',
]);
