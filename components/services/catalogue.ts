import type { Problem } from '../settings/errors';
import type { ServiceSettings, Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { custom } from './custom';
import { backup } from './database/backup';
import { databaseServer } from './database/server';
import { pooler } from './database/pooler';
import type { DeclaredFunction } from './declared-functions';
import { functions } from './functions';
import { acme } from './gateway/acme';
import { gateway } from './gateway/gateway';
import type { GatewayInput } from './gateway/input';
import { guard } from './guard';
import { image } from './images';
import { monitoring } from './monitoring/monitoring';
import { postgraphile } from './postgraphile';
import { redis } from './redis';
import type { Service, Workload } from './service';
import { garage } from './storage/garage';
import { storage } from './storage/service';

/** What the services are made from: the settings, and what the application's folder declares. */
export interface Application {
  readonly settings: Settings;
  readonly functions: readonly DeclaredFunction[];
}

/** Services that a preset chooses, by the name under which the config may change them. */
const catalogue = {
  graphql: ({ settings }) => [postgraphile(settings.ports.graphql)],
  functions: (application) => functions(application.settings.functions, application.functions),
  storage: ({ settings }) => [
    storage(settings),
    ...(settings.storage.store === 'garage' ? [garage(settings)] : []),
  ],
} satisfies Record<string, (application: Application) => Workload[]>;

type CatalogueName = keyof typeof catalogue;

const presets: Readonly<Partial<Record<Settings['preset'], readonly CatalogueName[]>>> = {
  minimal: ['graphql'],
  standard: ['graphql', 'storage', 'functions'],
};

/** The services of a deployment, the database server apart: it comes before everything else. */
export interface Deployed {
  readonly database: Workload;
  readonly services: readonly Service[];
}

/**
 * What a deployment consists of: the services of the preset as the config changes them, the user's own, and what
 * stands in front of and beside them where there are containers.
 */
export function deployed(application: Application): Deployed {
  const { settings } = application;
  const chosen = [...fromPreset(application), ...own(settings)];
  if (settings.target === 'embedded') return { database: withoutContainers, services: chosen };
  const inside = [
    pooler(settings),
    redis(settings),
    ...(isOn('backup', settings) ? [backup(settings)] : []),
    ...chosen,
  ];
  const guarded = [...inside, guard(settings, inside.filter(isWorkload))];
  const watching = isOn('monitoring', settings) ? monitoring(settings, guarded) : [];
  const behind = [...guarded, ...watching];
  return { database: databaseServer(settings), services: [...behind, ...front(settings, behind)] };
}

/** The only way in; it comes last, so that nobody is let in to what does not work yet. */
function front(settings: Settings, behind: readonly Service[]): Workload[] {
  const input = gatewayInput(settings);
  const routed = behind.filter((service) => isWorkload(service) && hasRoutes(service));
  const made = gateway(input, behind);
  const needs = [...new Set([...made.needs, ...routed.map(({ name }) => name)])];
  const certificates = settings.gateway.tls.mode === 'acme' ? [acme(input, behind)] : [];
  return [...certificates, { ...made, needs }];
}

/** What the gateway is rendered from, of the settings. */
function gatewayInput(settings: Settings): GatewayInput {
  return {
    image: image(settings, 'nginx'),
    domain: settings.domain,
    gateway: settings.gateway,
    tenants: Object.keys(settings.tenancy.tenants),
  };
}

function isWorkload(service: Service): service is Workload {
  return service.kind === 'workload';
}

function hasRoutes({ routes }: Workload): boolean {
  return Object.keys(routes).length > 0;
}

/** Without containers the target brings its own server; this says only what it keeps. */
const withoutContainers: Workload = {
  kind: 'workload',
  name: 'database',
  environment: {},
  secrets: {},
  files: {},
  volumes: { '/data': 'database' },
  needs: [],
  readsSchema: false,
  routes: {},
  replicas: 1,
};

function fromPreset(application: Application): Workload[] {
  const { preset, services } = application.settings;
  const chosen = (presets[preset] ?? []).filter((name) => services[name]?.enabled !== false);
  return chosen.flatMap((name) =>
    catalogue[name](application).map((service) => adjust(service, services[name])),
  );
}

function own({ customServices }: Settings): Service[] {
  return Object.entries(customServices).map(([name, given]) => custom(name, given));
}

function isOn(name: 'monitoring' | 'backup', { preset, services }: Settings): boolean {
  return services[name]?.enabled ?? preset !== 'minimal';
}

/** Variables by which a runtime or Strata is told what to load: they would make another program of a service. */
const loader = /^(NODE_|LD_|DYLD_|STRATA_)/;

/** Variables that the config would set although the service sets them itself. */
export function environmentProblems(application: Application): Problem[] {
  return Object.entries(application.settings.services).flatMap(([name, given]) => {
    const make = Object.entries(catalogue).find(([known]) => known === name)?.[1];
    const own = new Set((make?.(application) ?? []).flatMap(ownVariables));
    return Object.keys(given.env ?? {})
      .filter((variable) => own.has(variable) || loader.test(variable))
      .map((variable) => ({
        key: showKey(['services', name, 'env', variable]),
        reason: 'is set by the service itself',
        advice: 'Take it out; what it stands for has a setting of its own.',
      }));
  });
}

/** What a service sets itself, and what it is given by where it runs. */
function ownVariables({ environment, secrets }: Workload): string[] {
  const files = Object.keys(secrets).map((name) => `${name}_FILE`);
  return [...Object.keys(environment), ...files, 'HOST', 'SCHEMA_VERSION'];
}

function adjust(service: Workload, given: ServiceSettings | undefined): Workload {
  if (!given) return service;
  return {
    ...service,
    environment: { ...given.env, ...service.environment },
    replicas: given.replicas ?? service.replicas,
    ...(given.image && { image: given.image }),
    ...(given.resources && { resources: given.resources }),
  };
}
