import { scratchOptions } from '../../../provider/docker/scratch';
import { secretFile } from '../../services/paths';
import { containerPaths, type Service, type Workload } from '../../services/service';
import { names } from '../../data/names';
import { secretsOf } from '../files';
import { loopback } from '../addresses';
import { healthCheck, healthTest } from '../health';
import { memoryBytes, memoryLimit } from '../memory';
import { closed, ended, type Wait } from './helper';
import { filesVolume, hasFiles, layoutName, readyName, variablesFile } from './names';
import { probeUrl } from './ready';

/** One service in Compose's own words; see the Compose specification for each key. */
export type ComposeService = Readonly<Record<string, unknown>>;

/** What a service of Compose is made from besides the service itself. */
export interface ComposeParts {
  /** All of the deployment, for what this one waits for. */
  readonly services: readonly Service[];
  readonly schemaVersion: string;
  /** Changes when the service's files or secrets do; Compose itself does not look into them. */
  readonly revision: string | undefined;
}

/** A service as Compose runs it: the same image, limits, hardening and checks as a deployment by Pulumi. */
export function composeService(service: Service, parts: ComposeParts): ComposeService {
  const { revision } = parts;
  return {
    ...(service.image === undefined ? { build: buildOf(service) } : { image: service.image }),
    ...(service.command && {
      command: service.command.map((word) => escaped(inProgram(word))),
    }),
    ...(service.entrypoint && { entrypoint: service.entrypoint.map(escaped) }),
    environment: environment(service, parts.schemaVersion),
    ...(service.secretEnvironment && {
      env_file: [{ path: `./${variablesFile(service.name)}`, format: 'raw' }],
    }),
    labels: {
      'strata.service': service.name,
      ...(revision !== undefined && { 'strata.revision': revision }),
    },
    volumes: mounts(service),
    ...(service.scratch && {
      tmpfs: service.scratch.map((path) => `${path}:${scratch(service)}`),
    }),
    ...(service.user !== undefined && { user: service.user }),
    ...closed,
    read_only: !service.writableRoot,
    ...(service.capabilities && { cap_add: [...service.capabilities] }),
    ...limits(service),
    depends_on: dependencies(service, parts.services),
    ...(service.kind === 'workload' ? running(service) : { restart: 'no' }),
  };
}

function scratch(service: Service): string {
  return scratchOptions({ user: service.user, memoryBytes: memoryBytes(service) });
}

function running(service: Workload): ComposeService {
  const test = healthTest(service);
  const ports = [
    ...Object.entries(service.published ?? {}).map(
      ([external, internal]) => `${external}:${internal}`,
    ),
    ...(service.reach ? [`${loopback}:${service.reach.hostPort}:${service.reach.port}`] : []),
  ];
  return {
    restart: 'unless-stopped',
    stop_grace_period: `${service.stopGraceSeconds ?? 10}s`,
    ...(service.replicas > 1 && { deploy: { replicas: service.replicas } }),
    ...(ports.length > 0 && { ports }),
    ...(service.sysctls && { sysctls: service.sysctls }),
    ...(test && {
      healthcheck: {
        test: test.map(escaped),
        interval: healthCheck.interval,
        timeout: healthCheck.timeout,
        retries: healthCheck.retries,
        start_period: healthCheck.startPeriod,
      },
    }),
  };
}

function buildOf({ name, build }: Service): ComposeService {
  return {
    context: `./build/${name}`,
    ...(build?.dockerfile !== undefined && { dockerfile: build.dockerfile }),
  };
}

function environment(service: Service, schemaVersion: string): Record<string, string> {
  const all = {
    ...(service.kind === 'workload' && service.program && { HOST: '0.0.0.0' }),
    ...service.environment,
    ...Object.fromEntries(
      Object.keys(secretsOf(service)).map((name) => [`${name}_FILE`, secretFile(name)]),
    ),
    ...(service.kind === 'workload' && service.readsSchema && { SCHEMA_VERSION: schemaVersion }),
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, escaped(value)]));
}

function mounts(service: Service): unknown[] {
  const data = Object.entries(service.volumes ?? {}).map(([target, content]) => ({
    type: 'volume',
    source: names.volume(content, 1),
    target,
    // The image's folder would give a new volume its own owner.
    volume: { nocopy: true },
  }));
  const host = Object.entries(service.hostFolders ?? {}).map(
    ([folder, path]) => `${folder}:${path}:ro`,
  );
  const files = hasFiles(service) ? [`${filesVolume(service.name)}:/run/strata:ro`] : [];
  return [...data, ...host, ...files];
}

function limits(service: Service): ComposeService {
  const memory = memoryLimit(service)?.toLowerCase();
  const { cpus } = service.resources ?? {};
  return {
    ...(memory !== undefined && { mem_limit: memory, memswap_limit: memory }),
    ...(cpus !== undefined && { cpus }),
  };
}

/** What a service waits for, and until when. */
function dependencies({ name, needs }: Service, services: readonly Service[]): ComposeService {
  const needed = new Set([...(isBeforeSchema(name) ? [] : ['schema']), ...needs]);
  const waits = [...needed].flatMap((need) => {
    const found = services.find((service) => service.name === need);
    return found ? [waitFor(found)] : [];
  });
  return Object.fromEntries([ended(layoutName), ...waits]);
}

function isBeforeSchema(name: string): boolean {
  return name === 'database' || name === 'schema';
}

function waitFor(service: Service): Wait {
  if (service.kind === 'job') return ended(service.name);
  if (probeUrl(service) !== undefined) return ended(readyName(service.name));
  return [service.name, { condition: healthTest(service) ? 'service_healthy' : 'service_started' }];
}

function inProgram(word: string): string {
  return word.replaceAll('{program}', containerPaths.program);
}

/** Compose replaces $NAME by a variable of its own; $$ is a dollar. */
function escaped(text: string): string {
  return text.replaceAll('$', '$$$$');
}
