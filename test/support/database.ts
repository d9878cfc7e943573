import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { pooledRoles } from '../../components/services/database/connections';
import { pooler, renderPooler } from '../../components/services/database/pooler';
import type { LoginRole, Workload } from '../../components/services/service';
import { settingsSchema, type Settings } from '../../components/settings/schema';
import { root } from '../../engine/root';
import { databaseServer } from '../../provider/database/server';
import { scramVerifier } from '../../provider/database/scram';
import type { Containers } from './containers';
import { contextFor } from './local';
import type { Values } from './values';

/** Images that a lab without a registry has under these names. */
export const labImages = {
  postgres: 'postgres:15',
  pgbouncer: 'strata-lab/pgbouncer:1.18',
  redis: 'redis:7',
  nginx: 'nginx:1.22',
} as const;

/** Small pools and little memory, in the lab's images. */
export function labSettings(given: { database?: object } = {}): Settings {
  const pools = { authenticator: 4, app: 3, hasura: 2, guard: 2 };
  return settingsSchema.parse({
    images: { override: labImages },
    database: { memory: '2G', pools, ...given.database },
    redis: { memory: '64M' },
  });
}

/** The pooler without the tenants of the registry, which test/tenancy/pooler-registry.test.ts has. */
export function poolerAlone(settings: Settings): Workload {
  const ini = renderPooler(settings.database).replace(/^%include .*$/m, '');
  const whole = pooler(settings);
  return { ...whole, volumes: {}, files: { ...whole.files, 'pgbouncer.ini': ini } };
}

/** How a client connects: the URL's words, without the host's. */
export interface Way {
  readonly host?: string;
  readonly query?: string;
  readonly password?: string;
  readonly name?: string;
}

/** Connections to services that `containers` published, closed together. */
export class Clients {
  private readonly open: Client[] = [];

  constructor(
    private readonly containers: Containers,
    private readonly values: Values,
    /** The authority's certificate, as a file. */
    readonly authority: string,
  ) {}

  async url(service: string, role: LoginRole | 'postgres', way: Way = {}): Promise<string> {
    const who = role === 'postgres' ? 'database-admin' : role;
    const password = way.password ?? this.values({ passwordOf: who });
    const query = way.query ?? `sslmode=verify-full&sslrootcert=${this.authority}`;
    const port = await this.containers.port(service);
    const host = way.host ?? '127.0.0.1';
    return `postgresql://${role}:${password}@${host}:${port}/${way.name ?? 'strata'}?${query}`;
  }

  /** What a deployment does once the server lets the admin in. */
  async makeDatabase(): Promise<void> {
    const url = await this.url('database', 'postgres');
    const context = contextFor('cluster');
    await databaseServer.create({ url, setup: [], volume: 'v', instance: 'i' }, context);
  }

  async connect(service: string, role: LoginRole | 'postgres', way: Way = {}): Promise<Client> {
    const client = new Client({ connectionString: await this.url(service, role, way) });
    client.on('error', () => undefined);
    await client.connect();
    this.open.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((client) => client.end().catch(() => undefined)));
  }
}

/** The platform's roles, with the passwords that the services are given. */
export async function makeRoles(admin: Client, values: Values): Promise<void> {
  await admin.query(readFileSync(path.join(root, 'sql/001_roles.sql'), 'utf8'));
  for (const role of [
    ...Object.values(pooledRoles),
    'strata_monitor',
    'strata_migrator',
  ] as const) {
    const verifier = scramVerifier(values({ passwordOf: role }));
    await admin.query(`alter role ${role} login password '${verifier}'`);
  }
}

/** The error of a promise that must fail. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}
