import { createSecretKey } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Pool, type Client } from 'pg';
import { sessionsApp } from '../../components/services/images/sessions/app';
import { assemble } from '../../components/services/images/sessions/assemble';
import type { SessionsConfig } from '../../components/services/images/sessions/config';
import { installPlatform } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { GoTrueStandIn, HasuraAuthStandIn, type AuthStandIn } from './auth-stand-in';
import type { Issuer } from './forge';

export const issuer: Issuer = { key: 'k'.repeat(64), issuer: 'strata', audience: 'strata' };

const page = 'https://app.example.org';

export type Kind = SessionsConfig['upstream']['kind'];

interface Running {
  readonly app: FastifyInstance;
  readonly pool: Pool;
}

/** The sessions service on a real Postgres, before a stand-in for an auth service. */
export class SessionsWorld {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  private readonly running: Running[] = [];

  private constructor(
    readonly kind: Kind,
    readonly server: Server,
    readonly admin: Client,
    readonly upstream: AuthStandIn,
    /** Whether the server ends with it. */
    private readonly owned: boolean,
  ) {}

  static async start(
    kind: Kind,
    given?: { server: Server; admin: Client },
  ): Promise<SessionsWorld> {
    const { server, admin } = given ?? (await platform());
    const upstream = await (kind === 'gotrue' ? GoTrueStandIn : HasuraAuthStandIn).start(issuer);
    return new SessionsWorld(kind, server, admin, upstream, given === undefined);
  }

  /** Starts the service; its port. */
  async service(changes: Partial<SessionsConfig> = {}, database = 'strata'): Promise<number> {
    const config: SessionsConfig = {
      upstream: { kind: this.kind, url: this.upstream.url },
      issuer: issuer.issuer,
      audience: issuer.audience,
      accessTokenSeconds: 600,
      refreshTokenDays: 30,
      cookie: true,
      origins: [page],
      domain: 'example.org',
      addressesAreProven: true,
      ...changes,
    };
    const pool = new Pool({
      connectionString: this.server.url('strata_sessions', database),
      max: 4,
      query_timeout: 5_000,
    });
    pool.on('error', () => undefined);
    const log = (line: Readonly<Record<string, unknown>>): void => {
      this.lines.push(line);
    };
    const parts = assemble({
      config,
      key: createSecretKey(issuer.key, 'utf8'),
      pool,
      trouble: (message) => log({ message }),
    });
    const app = sessionsApp({ ...parts, log });
    await app.listen({ port: 0, host: '127.0.0.1' });
    this.running.push({ app, pool });
    return (app.server.address() as AddressInfo).port;
  }

  /** A tenant of the registry. */
  async tenant(slug: string): Promise<string> {
    const { rows } = await this.admin.query<{ id: string }>(
      'insert into registry.tenants (slug, name) values ($1, $1) returning id',
      [slug],
    );
    return rows[0]?.id ?? '';
  }

  /** A user of the registry who is a member of tenants, as an operator makes one before he ever signs in. */
  async member(handle: string, ...memberships: [tenant: string, role: string][]): Promise<string> {
    const { rows } = await this.admin.query<{ id: string }>(
      'insert into registry.users (handle) values ($1) returning id',
      [handle],
    );
    const id = rows[0]?.id ?? '';
    for (const [tenant, role] of memberships) {
      await this.admin.query(
        'insert into registry.members (tenant_id, user_id, role) values ($1, $2, $3)',
        [tenant, id, role],
      );
    }
    return id;
  }

  async stop(): Promise<void> {
    for (const { app, pool } of this.running.splice(0)) {
      await app.close();
      await pool.end();
    }
    this.upstream.stop();
    if (this.owned) await this.server.stop();
  }
}

async function platform(): Promise<{ server: Server; admin: Client }> {
  const server = await startServer();
  const first = await server.connect('postgres', 'postgres');
  await first.query('create database strata');
  await installPlatform(server, 'strata');
  return { server, admin: await server.connect('postgres', 'strata') };
}
