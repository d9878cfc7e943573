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
  auditor: 2,
  /** Health checks and pgBackRest, through the socket. */
  local: 4,
} as const;

/** Slots that Postgres keeps for superusers (`superuser_reserved_connections`). */
export const reservedForSuperuser = 3;

export interface Connections {
  /** At full pools. */
  readonly pooled: number;
  readonly direct: number;
  /** `max_connections`. */
  readonly total: number;
}

/** How many connections Postgres must be able to serve when everybody uses what it may. */
export function connections(pools: DatabaseSettings['pools']): Connections {
  const pooled = sum(Object.values(pools));
  const others = sum(Object.values(direct));
  return { pooled, direct: others, total: pooled + others + reservedForSuperuser };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
