import {
  containerPaths,
  type Service,
  type VolumeContent,
  type Workload,
} from '../../services/service';
import { names } from '../../data/names';
import { healthTest } from '../health';
import { scratchOptions } from '../scratch';

/** One service in Compose's own words; see the Compose specification for each key. */
export type ComposeService = Readonly<Record<string, unknown>>;

/** The folder of a service's files and secrets, beside compose.yaml. */
export function runFolder(service: string): string {
  return `run/${service}`;
}

/** Where the variables of an image stand that reads its secrets from nothing else. */
export function variablesFile(service: string): string {
  return `${runFolder(service)}.env`;
}

/** A service as Compose runs it: the same image, limits, hardening and checks as a deployment by Pulumi. */
export function composeService(
  service: Service,
  services: readonly Service[],
  schemaVersion: string,
): ComposeService {
  return {
    ...(service.image === undefined
      ? { image: `strata/${service.name}`, build: buildOf(service) }
      : { image: service.image }),
    ...(service.command && {
      command: service.command.map((word) => escaped(inProgram(word))),
    }),
    ...(service.entrypoint && { entrypoint: service.entrypoint.map(escaped) }),
    hostname: service.name,
    environment: environment(service, schemaVersion),
    ...(service.secretEnvironment && { env_file: [`./${variablesFile(service.name)}`] }),
    volumes: mounts(service),
    ...(service.scratch && {
      tmpfs: service.scratch.map((path) => `${path}:${scratchOptions(service)}`),
    }),
    ...(service.user !== undefined && { user: service.user }),
    read_only: !service.writableRoot,
    cap_drop: ['ALL'],
    ...(service.capabilities && { cap_add: [...service.capabilities] }),
    security_opt: ['no-new-privileges:true'],
    init: true,
    ...limits(service),
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    ...dependencies(service, services),
    ...(service.kind === 'workload' ? running(service) : { restart: 'no' }),
  };
}

function running(service: Workload): ComposeService {
  const test = healthTest(service);
  const ports = Object.entries(service.published ?? {}).map(
    ([external, internal]) => `${external}:${internal}`,
  );
  return {
    restart: 'unless-stopped',
    stop_grace_period: `${service.stopGraceSeconds ?? 10}s`,
    ...(service.replicas > 1 && { deploy: { replicas: service.replicas } }),
    ...(ports.length > 0 && { ports }),
    ...(test && {
      healthcheck: {
        test: test.map(escaped),
        interval: '3s',
        timeout: '5s',
        retries: 5,
        start_period: '30s',
      },
    }),
  };
}

function buildOf({ name, build }: Service): ComposeService {
  if (!build) return { context: `./build/${name}` };
  return {
    context: `./build/${name}`,
    ...(build.dockerfile !== undefined && { dockerfile: build.dockerfile }),
  };
}

function environment(service: Service, schemaVersion: string): Record<string, string> {
  const all = {
    ...(service.program && { HOST: '0.0.0.0' }),
    ...service.environment,
    ...Object.fromEntries(
      Object.keys(secretsOf(service)).map((name) => [
        `${name}_FILE`,
        `${containerPaths.secrets}/${name}`,
      ]),
    ),
    ...(service.kind === 'workload' && service.readsSchema && { SCHEMA_VERSION: schemaVersion }),
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, escaped(value)]));
}

/** Who connects to the database is told who signed its certificate. */
export function secretsOf({ secrets }: Service): Service['secrets'] {
  const connects = Object.values(secrets).some((source) => 'database' in source);
  return connects ? { AUTHORITY: { authority: 'certificate' }, ...secrets } : secrets;
}

function mounts(service: Service): string[] {
  const data = Object.entries(service.volumes ?? {}).map(
    ([path, content]) => `${names.volume(content, 1)}:${path}`,
  );
  const host = Object.entries(service.hostFolders ?? {}).map(
    ([path, folder]) => `${folder}:${path}:ro`,
  );
  return [...data, ...host, `./${runFolder(service.name)}:/run/strata:ro`];
}

/** The named volumes of all services. */
export function volumesOf(services: readonly Service[]): VolumeContent[] {
  return [...new Set(services.flatMap(({ volumes = {} }) => Object.values(volumes)))].sort();
}

function limits({ resources }: Service): ComposeService {
  const memory = resources?.memory?.toLowerCase();
  return {
    ...(memory !== undefined && { mem_limit: memory, memswap_limit: memory }),
    ...(resources?.cpus !== undefined && { cpus: resources.cpus }),
  };
}

function dependencies({ name, needs }: Service, services: readonly Service[]): ComposeService {
  const needed = new Set([...needs, ...(isBeforeSchema(name) ? [] : ['schema'])]);
  const conditions = [...needed].flatMap((need) => {
    const found = services.find((service) => service.name === need);
    return found ? [[need, { condition: condition(found) }] as const] : [];
  });
  return conditions.length > 0 ? { depends_on: Object.fromEntries(conditions) } : {};
}

function isBeforeSchema(name: string): boolean {
  return name === 'database' || name === 'schema';
}

function condition(service: Service): string {
  if (service.kind === 'job') return 'service_completed_successfully';
  return healthTest(service) ? 'service_healthy' : 'service_started';
}

function inProgram(word: string): string {
  return word.replaceAll('{program}', containerPaths.program);
}

/** Compose replaces $NAME by a variable of its own; $$ is a dollar. */
function escaped(text: string): string {
  return text.replaceAll('$', '$$$$');
}
