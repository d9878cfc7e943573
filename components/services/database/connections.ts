import type { DatabaseSettings } from '../../settings/database';
import type { LoginRole } from '../service';

/** Who comes through the pooler, by the name of its size in the settings; nobody else is let in there. */
export const pooledRoles = {
  authenticator: 'strata_authenticator',
  app: 'strata_app',
  hasura: 'strata_hasura',
  guard: 'strata_guard',
} as const satisfies Record<keyof DatabaseSettings['pools'], LoginRole>;

/**
 * Who connects to Postgres itself, and how many connections that takes at most. Migrations hold session settings and
 * locks, LISTEN holds a session, and an operator must get in when every pool is full.
 */
const direct = {
  /** The admin and the migrator while a deployment runs: it looks at several resources at the same time. */
  deployment: 16,
  /** LISTEN, and what it hands out. */
  dispatcher: 4,
  monitor: 4,
  /** `npm run audit`, and an operator's windows in pgAdmin. */
  auditor: 4,
  adminPage: 4,
  /** LISTEN, and one that comes while the old one goes. */
  poolerRegistry: 2,
  /** The worker of tenants: LISTEN, the registry, and two jobs with a source and a target each. */
  tenants: 9,
  /** Health checks and pgBackRest, through the socket. */
  local: 4,
} as const;

/** Slots that Postgres keeps for superusers (`superuser_reserved_connections`). */
export const reservedForSuperuser = 3;

export interface Connections {
  /** At full pools. */
  readonly pooled: number;
  /** Of tenants with a database of their own, at full pools. */
  readonly tenants: number;
  readonly direct: number;
  /** `max_connections`. */
  readonly total: number;
}

/**
 * How many connections Postgres must be able to serve when everybody uses what it may. It holds for each cluster: the
 * pooler counts a role's connections over all of them, so at worst they are all to the same one.
 */
export function connections(database: Pick<DatabaseSettings, 'pools' | 'tenants'>): Connections {
  const pooled = sum(Object.values(database.pools));
  const tenants = tenantCapacity(database.tenants);
  const others = sum(Object.values(direct));
  const total = pooled + tenants + others + reservedForSuperuser;
  return { pooled, tenants, direct: others, total };
}

/** What all tenants with a database of their own may have together on one cluster. */
export function tenantCapacity({ most, connections }: DatabaseSettings['tenants']): number {
  return most * connections;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
