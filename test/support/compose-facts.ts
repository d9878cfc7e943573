import type { Composed, ComposedService } from './compose';
import type { Registered } from './graph';
import { reached } from './platform';

const containerType = 'docker:index/container:Container';
const jobType = 'strata:docker:Job';

/** What looks at the data before its server is replaced. Compose has no such moment: there Postgres itself refuses. */
const ofPulumiAlone = 'database-major';

/** What can be said of a service in the words of both. */
export interface Facts {
  readonly image: unknown;
  readonly command: unknown;
  readonly entrypoint: unknown;
  readonly environment: unknown;
  readonly user: unknown;
  readonly hardening: unknown;
  readonly scratch: unknown;
  readonly memory: unknown;
  readonly cpus: unknown;
  readonly restart: unknown;
  readonly log: unknown;
  readonly ports: unknown;
  readonly check: unknown;
  readonly mounts: unknown;
  readonly grace: unknown;
  readonly replicas: number;
  readonly waitsFor: unknown;
}

interface Mount {
  readonly containerPath: string;
  readonly hostPath?: string;
  readonly volumeName?: string;
  readonly readOnly?: boolean;
}

interface Port {
  readonly internal: number;
  readonly external: number;
  readonly ip?: string;
}

interface Inputs {
  readonly [name: string]: unknown;
  readonly envs?: readonly string[];
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly Mount[];
  readonly ports?: readonly Port[];
  readonly capabilities: { readonly adds: readonly string[]; readonly drops: readonly string[] };
}

interface JobInputs {
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: Readonly<
    Record<string, { readonly volume: string; readonly writable?: boolean }>
  >;
  readonly command?: unknown;
  readonly entrypoint?: unknown;
  readonly user?: unknown;
  readonly memoryBytes?: number;
  readonly cpus?: unknown;
}

/** The facts of each service that target docker runs; of a job, those that its resource has. */
export function ofDocker(all: readonly Registered[]): Record<string, Partial<Facts>> {
  const placed = all.filter(
    ({ type, name }) => type === containerType || (type === jobType && name !== ofPulumiAlone),
  );
  return Object.fromEntries(
    placed.map((resource) => {
      const service = serviceOf(resource);
      const waits = reached(all, resource);
      const before = placed.filter(({ urn }) => waits.has(urn)).map(serviceOf);
      const pulled = all.find(({ name, type }) => name === `image-${service}` && isPulled(type));
      return [
        service,
        {
          image: pulled?.inputs.name ?? 'built',
          replicas: placed.filter((one) => serviceOf(one) === service).length,
          waitsFor: [...new Set(before)].filter((one) => one !== service).sort(),
          ...(resource.type === jobType
            ? ofJob(resource.inputs as unknown as JobInputs)
            : ofContainer(resource.inputs as unknown as Inputs)),
        },
      ];
    }),
  );
}

function serviceOf({ name, type }: Registered): string {
  return type === jobType ? name : name.replace(/-\d+$/, '');
}

function isPulled(type: string): boolean {
  return type.endsWith(':RemoteImage');
}

function ofContainer(given: Inputs): Partial<Facts> {
  const { readOnly, capabilities, securityOpts, init } = given;
  return {
    command: given.command,
    entrypoint: given.entrypoints,
    environment: [...(given.envs ?? [])].sort(),
    user: given.user,
    hardening: [readOnly, capabilities.drops, capabilities.adds, securityOpts, init],
    scratch: Object.entries(given.tmpfs ?? {})
      .map((entry) => entry.join(':'))
      .sort(),
    memory: [given.memory, given.memorySwap],
    cpus: given.cpus,
    restart: given.restart,
    log: given.logOpts,
    // The database's port is for migrations by Pulumi; the bundle brings a job for them.
    ports: (given.ports ?? [])
      .filter(({ ip }) => !ip)
      .map(({ external, internal }) => `${external}:${internal}`),
    check: given.healthcheck?.tests,
    mounts: (given.volumes ?? []).map(mounted).sort(),
    grace: `${String(given.destroyGraceSeconds)}s`,
  };
}

/** How it is closed is the provider's: it closes every job alike. None may take the host's memory. */
function ofJob(given: JobInputs): Partial<Facts> {
  const memory = (given.memoryBytes ?? 0) / 1024 / 1024;
  return {
    command: given.command,
    entrypoint: given.entrypoint,
    environment: Object.entries(given.environment)
      .map((entry) => entry.join('='))
      .sort(),
    user: given.user,
    memory: [memory, memory],
    cpus: given.cpus,
    mounts: Object.entries(given.volumes)
      .map(([containerPath, { volume, writable = false }]) =>
        mounted({ containerPath, volumeName: volume, readOnly: !writable }),
      )
      .sort(),
  };
}

function mounted({ containerPath, hostPath, volumeName = '', readOnly = false }: Mount): string {
  const from =
    hostPath ?? volumeName.replace(/^strata-test-/, '').replace(/^volume-of-files-/, 'run-');
  return `${from}:${containerPath}${readOnly ? ':ro' : ''}`;
}

/** The same of a bundle, as far as `other` says it; what is there for Compose alone is left out. */
export function ofCompose(
  { services }: Composed,
  other: Readonly<Record<string, Partial<Facts>>>,
): Record<string, Partial<Facts>> {
  const kept = Object.entries(services).filter(([name]) => !isOwn(name));
  return Object.fromEntries(
    kept.map(([name, service]) => {
      const asked = Object.keys(other[name] ?? {});
      const facts = Object.entries(factsOf(name, service, services));
      return [name, Object.fromEntries(facts.filter(([fact]) => asked.includes(fact)))];
    }),
  );
}

/** Parts of the bundle that Pulumi does itself. */
function isOwn(name: string): boolean {
  return name.includes('.') || name === 'schema';
}

function factsOf(name: string, service: ComposedService, services: Composed['services']): Facts {
  const { healthcheck, deploy: replicas, mem_limit, memswap_limit, cpus } = service;
  return {
    image: service.image ?? 'built',
    command: unescaped(service.command),
    entrypoint: unescaped(service.entrypoint),
    environment: Object.entries(service.environment ?? {})
      .map((entry) => unescaped(entry.join('=')))
      .sort(),
    user: service.user,
    hardening: [
      service.read_only,
      service.cap_drop,
      service.cap_add ?? [],
      service.security_opt,
      service.init,
    ],
    scratch: [...(service.tmpfs ?? [])].sort(),
    memory: [megabytes(mem_limit), megabytes(memswap_limit)],
    cpus: cpus?.toString(),
    restart: service.restart,
    log: (service.logging as { options: unknown }).options,
    ports: service.ports ?? [],
    check: unescaped((healthcheck as { test?: unknown } | undefined)?.test),
    mounts: (service.volumes ?? [])
      .map((volume) => (typeof volume === 'string' ? volume : `${volume.source}:${volume.target}`))
      .sort(),
    grace: service.stop_grace_period,
    replicas: (replicas as { replicas: number } | undefined)?.replicas ?? 1,
    waitsFor: [...waitsOf(name, services)].filter((one) => !isOwn(one)).sort(),
  };
}

function waitsOf(name: string, services: Composed['services']): Set<string> {
  const seen = new Set<string>();
  const visit = (one: string): void => {
    for (const next of Object.keys(services[one]?.depends_on ?? {})) {
      if (seen.has(next)) continue;
      seen.add(next);
      visit(next);
    }
  };
  visit(name);
  return seen;
}

function unescaped(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value).replaceAll('$$', '$'));
}

function megabytes(size: unknown): number {
  const number = Number.parseInt(String(size), 10);
  return String(size).endsWith('g') ? number * 1024 : number;
}
