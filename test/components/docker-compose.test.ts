import { beforeAll, describe, expect, test, vi } from 'vitest';
import { composeBundle } from '../../engine/compose/bundle';
import { KeptValues } from '../../engine/compose/kept';
import { parseCompose, type Composed, type ComposedService } from '../support/compose';
import type { Registered } from '../support/graph';
import { deploy, reached, settingsOf } from '../support/platform';

// What images are built from is compared nowhere here; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const containerType = 'docker:index/container:Container';
const config = {
  target: 'docker',
  preset: 'standard',
  services: { graphql: { replicas: 2, resources: { cpus: 2, memory: '1G' } } },
  customServices: {
    shop: { image: 'shop:1.2.3', port: 8001, publish: 18001, healthCommand: ['true'] },
  },
};

/** What can be said of a service in the words of both. */
interface Facts {
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

/** The facts of each service that target docker runs. */
function ofDocker(all: readonly Registered[]): Record<string, Facts> {
  const containers = all.filter(({ type }) => type === containerType);
  const images = all.filter(({ type }) => type.endsWith(':RemoteImage'));
  const serviceOf = (name: string): string => name.replace(/-\d+$/, '');
  const facts = containers.map(({ name, inputs, ...rest }): [string, Facts] => {
    const service = serviceOf(name);
    const given = inputs as unknown as Inputs;
    const waits = reached(all, { name, inputs, ...rest });
    const before = containers.filter(({ urn }) => waits.has(urn)).map((one) => serviceOf(one.name));
    const pulled = images.find(({ name: called }) => called === `image-${service}`);
    return [
      service,
      {
        image: pulled?.inputs.name ?? 'built',
        command: given.command,
        entrypoint: given.entrypoints,
        environment: [...(given.envs ?? [])].sort(),
        user: given.user,
        hardening: [
          given.readOnly,
          given.capabilities.drops,
          given.capabilities.adds,
          given.securityOpts,
          given.init,
        ],
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
        replicas: containers.filter((one) => serviceOf(one.name) === service).length,
        waitsFor: [...new Set(before)].filter((one) => one !== service).sort(),
      },
    ];
  });
  return Object.fromEntries(facts);
}

function mounted({ containerPath, hostPath, volumeName = '', readOnly = false }: Mount): string {
  const from =
    hostPath ?? volumeName.replace(/^strata-test-/, '').replace(/^volume-of-files-/, 'run-');
  return `${from}:${containerPath}${readOnly ? ':ro' : ''}`;
}

/** The same of a bundle; what is there for Compose alone is left out. */
function ofCompose({ services }: Composed): Record<string, Facts> {
  const kept = Object.entries(services).filter(([name]) => !isOwn(name));
  return Object.fromEntries(
    kept.map(([name, service]) => [name, factsOf(name, service, services)]),
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

let docker: Record<string, Facts>;
let bundle: Composed;

beforeAll(async () => {
  docker = ofDocker(await deploy(config, false));
  const files = await composeBundle(
    'test',
    settingsOf(config),
    {},
    KeptValues.read('/nonexistent'),
  );
  bundle = parseCompose(files['compose.yaml']?.text ?? '');
});

describe('a Compose bundle runs what target docker runs', () => {
  test('with the same image, words, user, limits, checks, mounts and order of each service', () => {
    expect(Object.keys(docker).length).toBeGreaterThan(15);
    expect(ofCompose(bundle)).toEqual(docker);
  });

  test('each waits until what it needs is healthy, answers, or has ended well', () => {
    const conditions = Object.entries(bundle.services).flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([need, { condition }]) => ({ name, need, condition })),
    );
    const wrong = conditions.filter(({ name, need, condition }) => {
      const needed = bundle.services[need];
      if (needed?.restart === 'no') return condition !== 'service_completed_successfully';
      // Only who asks whether it answers may start beside it.
      if (!needed?.healthcheck) return name !== `${need}.ready`;
      return condition !== 'service_healthy';
    });
    expect(wrong).toEqual([]);
  });
});
