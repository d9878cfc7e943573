import { isBalanced, zonesOf } from '../settings/aws';
import { hasManagedDatabase } from '../settings/aws-database';
import type { Problem } from '../settings/errors';
import type { GatewaySettings } from '../settings/gateway';
import type { ServiceSettings, Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { admin } from './admin';
import { custom } from './custom';
import { backup } from './database/backup';
import { backupPlace, bucketJob, ownStore } from './database/place';
import type { BackupPlace } from './database/repository';
import { databaseServer } from './database/server';
import { pooler } from './database/pooler';
import { poolerRegistry } from './database/pooler-registry';
import type { DeclaredFunction } from './declared-functions';
import { entryNames, entryOf } from './entries';
import { acme } from './gateway/acme';
import { gateway } from './gateway/gateway';
import type { GatewayInput } from './gateway/input';
import { guard } from './guard';
import { image } from './images';
import { monitoring } from './monitoring/monitoring';
import { isOn, optionsOf } from './presets';
import { redis } from './redis';
import type { Service, Workload } from './service';
import { objectStore } from './storage/garage';
import { scanner } from './storage/scanner';
import { tenantsWorker } from './tenants';
import { publicNetworks } from '../targets/aws/addresses';
import type { TenancyPlan } from '../../provider/tenancy/plan';

/** What the services are made from: the settings, and what the application's folder declares. */
export interface Application {
  readonly settings: Settings;
  /** What tables it declares, and what tenants' own are to be. */
  readonly tenancy: TenancyPlan;
  readonly functions: readonly DeclaredFunction[];
}

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
  const behind = behindGateway(application);
  if (settings.target === 'embedded') return { database: notOurs, services: behind };
  return {
    database: hasManagedDatabase(settings)
      ? notOurs
      : databaseServer(settings, placeOfBackups(application)),
    services: [...behind, ...front(settings, behind)],
  };
}

/** The services of a deployment without the gateway, which is rendered from their routes, and the database. */
export function behindGateway(application: Application): readonly Service[] {
  const { settings } = application;
  const chosen = [...fromPreset(application), ...own(settings)];
  if (settings.target === 'embedded') return chosen;
  const inside = [
    poolerRegistry(settings),
    pooler(settings),
    redis(settings),
    ...backups(application),
    tenantsWorker(settings, application.tenancy, {
      storage: isOn('storage', settings),
    }),
    ...chosen.map(behindPooler),
  ];
  const guarding = guard(settings, inside.filter(isWorkload));
  const guarded = [...inside, adjust(guarding, settings.services.guard)];
  const watching = isOn('monitoring', settings)
    ? monitoring(settings, [...guarded, ...madeLater(settings, guarded)])
    : [];
  const shown = [...guarded, ...watching];
  const page = isOn('admin', settings)
    ? [adjust(admin(settings, shown.filter(isWorkload)), settings.services.admin)]
    : [];
  return [...shown, ...page];
}

/** Where nobody backs up, nothing is archived either; a managed database is backed up by who runs it. */
function placeOfBackups(application: Application): BackupPlace {
  const { settings } = application;
  if (!isOn('backup', settings) || hasManagedDatabase(settings)) return 'none';
  // Whichever service keeps files in the platform's own store brings it along.
  const ownRuns = fromPreset(application).some(({ name }) => name === objectStore.name);
  return backupPlace(settings, ownRuns);
}

function backups(application: Application): Service[] {
  const { settings } = application;
  const place = placeOfBackups(application);
  if (place === 'none') return [];
  return [...(place === ownStore ? [bucketJob()] : []), backup(settings, place)];
}

/** Whoever comes to the database through the pooler waits for it too. */
function behindPooler(service: Service): Service {
  const pooled = Object.values(service.secrets).some(
    (source) => 'database' in source && source.direct !== true,
  );
  return pooled ? { ...service, needs: [...new Set([...service.needs, 'pooler'])] } : service;
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

/** As monitoring knows what is made after it: the gateway is rendered from its routes too, and the admin page shows it. */
function madeLater(settings: Settings, behind: readonly Service[]): Workload[] {
  const certificates =
    settings.gateway.tls.mode === 'acme' ? [acme(gatewayInput(settings), behind)] : [];
  const page = isOn('admin', settings) ? [admin(settings, [])] : [];
  return [...certificates, ...page, { ...plain, name: 'gateway' }];
}

/** What the gateway is rendered from, of the settings. */
export function gatewayInput(settings: Settings): GatewayInput {
  return {
    image: image(settings, 'nginx'),
    domain: settings.domain,
    gateway: behindBalancer(settings),
    ...(isBalanced(settings) && { balanced: true }),
    graphqlBytes: settings.limits.graphql.maxBodyBytes,
    tenants: Object.keys(settings.tenancy.tenants),
    slots: Object.keys(optionsOf(settings.preset).gateway?.ports?.services ?? {}),
  };
}

/**
 * The balancer says who the client is, and it alone stands in those networks. A server's word is not taken: what runs
 * there may ask the balancer too, and would write itself another address.
 */
function behindBalancer({ gateway, aws, ...settings }: Settings): GatewaySettings {
  if (!isBalanced(settings)) return gateway;
  const balancer = publicNetworks(aws.network, zonesOf(aws));
  const addresses = [...gateway.proxies.addresses, ...balancer];
  return { ...gateway, proxies: { ...gateway.proxies, addresses } };
}

function isWorkload(service: Service): service is Workload {
  return service.kind === 'workload';
}

function hasRoutes({ routes }: Workload): boolean {
  return Object.keys(routes).length > 0;
}

/** What every workload says, and nothing more. */
const plain: Omit<Workload, 'name'> = {
  kind: 'workload',
  environment: {},
  secrets: {},
  files: {},
  needs: [],
  readsSchema: false,
  routes: {},
  replicas: 1,
};

/** The target brings a server of its own; this says only what it keeps. */
const notOurs: Workload = {
  ...plain,
  name: 'database',
  volumes: { '/data': 'database' },
};

function fromPreset(application: Application): Service[] {
  const { settings } = application;
  return entryNames
    .filter((name) => isOn(name, settings))
    .flatMap((name) =>
      entryOf(name)
        .make(application)
        .map((service) =>
          isWorkload(service) ? adjust(service, settings.services[name]) : service,
        ),
    );
}

function own({ customServices }: Settings): Service[] {
  return Object.entries(customServices).map(([name, given]) => custom(name, given));
}

/** Variables by which a runtime or Strata is told what to load: they would make another program of a service. */
const loader = /^(NODE_|LD_|DYLD_|STRATA_)/;

/** Variables that the config would set although the service sets them itself. */
export function environmentProblems(application: Application): Problem[] {
  return Object.entries(application.settings.services).flatMap(([name, given]) => {
    const entry = entryNames.find((known) => known === name);
    const own = new Set(entry && entryOf(entry).make(application).flatMap(ownVariables));
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
function ownVariables({ environment, secrets }: Service): string[] {
  const files = Object.keys(secrets).map((name) => `${name}_FILE`);
  return [...Object.keys(environment), ...files, 'HOST', 'SCHEMA_VERSION'];
}

function adjust(service: Workload, given: ServiceSettings | undefined): Workload {
  // A second store, or scanner, or another image of it is not what was asked for.
  if (!given || service.name === objectStore.name || service.name === scanner.name) return service;
  return {
    ...service,
    environment: { ...given.env, ...service.environment },
    replicas: given.replicas ?? service.replicas,
    ...(given.image && { image: given.image }),
    ...(given.resources && { resources: { ...service.resources, ...given.resources } }),
  };
}
