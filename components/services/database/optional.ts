import type { Settings } from '../../settings/schema';
import { mostServersOf } from '../../tiers/placement';
import { isOn, type OptionalName } from '../presets';
import type { LoginRole } from '../service';
import { chosenVendors, vendors, type VendorName } from '../vendors';

/** What a service takes of Postgres that comes past the pooler; its login has no more. */
interface Direct {
  /** One process of it. */
  readonly each: number;
  /** All of its replicas on one server, and one that comes while another goes. */
  readonly connections: number;
}

/** The same for a service of ours. */
interface Own extends Direct {
  /** So many replicas on one server have enough of them. */
  readonly replicas: number;
  /** Whose limit they are; what is kept for the auditor, people share. */
  readonly login?: LoginRole;
}

const own: Partial<Record<OptionalName, Own>> = {
  oauth: { each: 4, connections: 12, replicas: 3, login: 'strata_oauth' },
  sessions: { each: 2, connections: 6, replicas: 2, login: 'strata_sessions' },
  realtime: { each: 2, connections: 8, replicas: 3, login: 'strata_realtime' },
  admin: { each: 2, connections: 4, replicas: 1, login: 'strata_admin_page' },
  // An operator's windows, as the auditor.
  pgadmin: { each: 2, connections: 2, replicas: 1 },
};

const ownNames = Object.keys(own) as OptionalName[];

/** What these numbers depend on. */
export type Counted = Pick<Settings, 'preset' | 'services' | 'tier' | 'functions'>;

/** The most replicas of a service for which connections are kept; undefined where the pooler shares them. */
export function mostReplicas(name: OptionalName): number | undefined {
  return own[name]?.replicas;
}

/** What Postgres must serve besides, for services of the catalogue that this deployment has. */
export function optionalConnections(settings: Counted): number {
  const ofOurs = ownNames
    .filter((name) => isOn(name, settings))
    .map((name) => kept(name, own[name], settings));
  const ofVendors = Object.values(vendorLimits(settings));
  return sum([...ofOurs, ...ofVendors, listeners(settings)]);
}

/** The most connections that each login of a service of ours may have, of the services that this deployment has. */
export function loginLimits(settings: Counted): Partial<Record<LoginRole, number>> {
  return Object.fromEntries(
    ownNames.flatMap((name) => {
      const login = own[name]?.login;
      return login && isOn(name, settings) ? [[login, kept(name, own[name], settings)]] : [];
    }),
  );
}

/** The same of vendors' services. */
export function vendorLimits(settings: Counted): Partial<Record<VendorName, number>> {
  return Object.fromEntries(
    chosenVendors(settings).map((name) => [name, kept(name, vendors[name], settings)]),
  );
}

/**
 * On one server replicas are few, and replaced one after the other. Of several servers each has all replicas, and a
 * release starts new servers beside the old ones.
 */
function kept(name: OptionalName, direct: Direct | undefined, settings: Counted): number {
  if (!direct) return 0;
  const servers = mostServersOf(settings.tier, { name });
  if (servers === 1) return direct.connections;
  return direct.each * (settings.services[name]?.replicas ?? 1) * servers;
}

/** LISTEN, and what it hands out, of those that every deployment has: on one server it is among the direct ones. */
function listeners({ tier, functions, ...settings }: Counted): number {
  const servers = mostServersOf(tier, { name: 'guard' });
  if (servers === 1) return 0;
  const guards = settings.services.guard?.replicas ?? 1;
  const workers = isOn('functions', settings) ? functions.workers : 0;
  return (guards + 2 * workers) * servers;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
