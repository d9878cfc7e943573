import { platformDatabase, mainShard, placeOf, tenantRole } from '../../tenancy/places';

/** What pgbouncer.ini includes; it says which list of users belongs to it. */
export const includedFile = 'tenants.ini';

/** An active tenant with a database of its own, as `tenancy.pooled_tenants()` says. */
export interface PooledTenant {
  /** UUID. */
  readonly id: string;
  readonly shard: string;
  readonly generation: number;
  /** Null: the platform's default. */
  readonly maxConnections: number | null;
}

/** A database cluster, as `tenancy.pooled_shards()` says; `main` has no address there. */
export interface PooledShard {
  readonly name: string;
  readonly host: string | null;
  readonly port: number | null;
}

export interface Registry {
  readonly tenants: readonly PooledTenant[];
  readonly shards: readonly PooledShard[];
}

export interface PoolLimits {
  /** Where the shard `main` is. */
  readonly main: { readonly host: string; readonly port: number };
  /** Server connections of a tenant that has no number of its own. */
  readonly connections: number;
  /** Server connections that all tenants of one cluster may have together. */
  readonly capacity: number;
}

/** What a client of the pooler calls a database, and where it is. */
export interface PooledDatabase {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  /** Connections of a pool; the pooler's own default where it is not given. */
  readonly size?: number;
}

/** A login that the pooler lets in besides the platform's own. */
export interface PooledLogin {
  readonly role: string;
  readonly tenantId: string;
  readonly generation: number;
  readonly connections: number;
}

export interface Pools {
  readonly databases: readonly PooledDatabase[];
  readonly logins: readonly PooledLogin[];
  /** What was left out or made smaller, as sentences for the log. */
  readonly problems: readonly string[];
}

/**
 * Which databases and logins the pooler serves.
 *
 * Where the tenants of a cluster want more connections than it has for them, each gets its part, and at least one: a
 * tenant waits sooner instead of taking a connection of somebody else. An address that is none is left out with its
 * tenants; the others are served.
 */
export function poolsOf({ tenants, shards }: Registry, limits: PoolLimits): Pools {
  const problems: string[] = [];
  const databases: PooledDatabase[] = [];
  const logins: PooledLogin[] = [];
  for (const shard of shards) {
    const own = tenants.filter((tenant) => tenant.shard === shard.name);
    const address = addressOf(shard, limits);
    if (!address) {
      problems.push(
        `shard ${JSON.stringify(shard.name)} has no usable address (${JSON.stringify(shard.host)}, port ${String(shard.port)}): ` +
          `it is not served, with ${own.length} tenants. Set its host and port right in strata:tenancy.shards`,
      );
      continue;
    }
    if (shard.name !== mainShard) {
      databases.push({ name: pooledDatabase(shard.name), ...address, dbname: platformDatabase });
    }
    const wanted = own.map((tenant) => tenant.maxConnections ?? limits.connections);
    const sizes = portions(wanted, limits.capacity);
    if (sum(wanted) > limits.capacity) {
      problems.push(
        `${own.length} tenants on shard ${shard.name} want ${sum(wanted)} connections and may have ${limits.capacity} together: ` +
          `each gets its part, at least one. Raise strata:database.tenants.most, or give tenants fewer`,
      );
    }
    own.forEach(({ id, generation }, index) => {
      const size = sizes[index] ?? 1;
      const { database } = placeOf(id, 'database', shard.name);
      databases.push({ name: database, ...address, dbname: database, size });
      logins.push({ role: tenantRole(id), tenantId: id, generation, connections: size });
    });
  }
  return { databases: sorted(databases), logins, problems };
}

/** The pooler's name of the platform's database on a shard: no `-`, which would need quotes there. */
export function pooledDatabase(shard: string): string {
  return shard === mainShard
    ? platformDatabase
    : `${platformDatabase}_${shard.replaceAll('-', '_')}`;
}

/**
 * The part of pgbouncer.ini that the registry makes, for PgBouncer 1.18 and newer; `users` is the path of `renderUsers`'
 * text. It is included at the end of the section `pgbouncer`, whose name must not come again: 1.18 would forget all
 * that stood in it before. Databases come last: that they are served says that everything before them was read.
 *
 * A tenant is limited by login, not by `max_db_connections`: a stranger's attempts to enter its database, which Postgres
 * refuses, would count there.
 */
export function renderPools({ databases, logins }: Pools, users: string): string {
  return [
    '; Written by the program pooler-registry from the registry of tenants.',
    `auth_file = ${users}`,
    '[users]',
    ...logins.map(({ role, connections }) => `${role} = max_user_connections=${connections}`),
    '[databases]',
    ...databases.map(
      ({ name, host, port, dbname, size }) =>
        `${name} = host=${host} port=${port} dbname=${dbname}${size === undefined ? '' : ` pool_size=${size}`}`,
    ),
    '',
  ].join('\n');
}

/** The lines of the pooler's `auth_file`: the platform's own, as they are, and each tenant's login with its verifier. */
export function renderUsers(
  platform: string,
  logins: readonly PooledLogin[],
  verifier: (login: PooledLogin) => string,
): string {
  const lines = logins.map((login) => `"${login.role}" "${verifier(login)}"\n`);
  return platform + lines.join('');
}

/** What the text of a row becomes stands in a configuration file: only what cannot be anything else gets there. */
const shardName = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const hostName = /^[A-Za-z0-9:](?:[A-Za-z0-9.:_-]{0,251}[A-Za-z0-9:])?$/;

function addressOf(
  { name, host, port }: PooledShard,
  { main }: PoolLimits,
): PoolLimits['main'] | undefined {
  if (name === mainShard) return main;
  if (host === null || port === null) return undefined;
  const usable = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return usable && shardName.test(name) && hostName.test(host) ? { host, port } : undefined;
}

function portions(wanted: readonly number[], capacity: number): readonly number[] {
  const all = sum(wanted);
  if (all <= capacity) return wanted;
  return wanted.map((size) => Math.max(1, Math.floor((size * capacity) / all)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sorted(databases: readonly PooledDatabase[]): PooledDatabase[] {
  return [...databases].sort((one, two) => (one.name < two.name ? -1 : 1));
}
