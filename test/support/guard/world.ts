import { randomBytes, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { GuardConfig } from '../../../components/services/images/guard/config';
import { hashOf, keyText } from '../../../components/services/images/guard/key';
import { deploy } from '../../sql/support/platform';
import { startServer, type Server } from '../../sql/support/server';
import { readWorld, type Person, type World } from '../../sql/support/world';
import { forge, payload, token, type Issuer } from '../forge';
import { startGuard, type GuardProcess, type GuardSettings } from './process';
import { RedisServer } from './redis';
import { Upstream } from './upstream';
import { Wire } from './wire';

export const issuer: Issuer = { key: 'k'.repeat(64), issuer: 'strata', audience: 'strata' };

const plenty = { perMinute: 1_000_000, burst: 100_000 };

interface KeyOptions {
  readonly scopes?: readonly string[];
  readonly role?: 'admin' | 'member';
  /** From now. */
  readonly seconds?: number;
}

/** Everything that a guard needs, for real: Postgres with the platform's SQL, Redis, a service behind. */
export class GuardWorld {
  private readonly guards: GuardProcess[] = [];
  /** More GraphQL paths of the guards that are started from now on. */
  doors: GuardConfig['graphql'] = [];

  private constructor(
    readonly server: Server,
    readonly admin: Client,
    readonly people: World,
    readonly redis: RedisServer,
    readonly upstream: Upstream,
    /** The guard's way to the database. */
    readonly wire: Wire,
  ) {}

  static async start(): Promise<GuardWorld> {
    const server = await startServer();
    await deploy(server, 'guarded');
    const admin = await server.connect('postgres', 'guarded');
    const wire = await Wire.to(Number(new URL(server.url('postgres', 'postgres')).port));
    const redis = await RedisServer.start();
    const upstream = await Upstream.start();
    return new GuardWorld(server, admin, await readWorld(admin), redis, upstream, wire);
  }

  /** As components/services/guard.ts writes it, with limits that no test meets by chance. */
  config(
    changes: { readonly limits?: object; readonly query?: object; readonly sockets?: object } = {},
  ): GuardConfig {
    return {
      issuer: issuer.issuer,
      audience: issuer.audience,
      graphql: [
        {
          path: '/graphql',
          upstream: `${this.upstream.url}/inner`,
          timeoutSeconds: 1,
          websocket: false,
        },
        {
          path: '/one-place',
          upstream: `${this.upstream.url}/inner`,
          timeoutSeconds: 1,
          websocket: false,
          sharedTablesOnly: true,
        },
        { path: '/away', upstream: 'http://127.0.0.1:9/', timeoutSeconds: 1, websocket: true },
        ...this.doors,
      ],
      routes: [
        { path: '/storage/', area: 'storage' },
        { path: '/functions/', area: 'functions' },
        { path: '/shop/', area: 'services' },
        { path: '/rest/', area: 'graphql', sharedTablesOnly: true },
        { path: '/', host: 'cdn.example.org', area: 'services' },
      ],
      limits: {
        user: plenty,
        tenant: plenty,
        costPerMinute: 1_000_000_000,
        failuresPerMinute: 1_000_000,
        tenants: {},
        ...changes.limits,
      },
      query: {
        maxBodyBytes: 100_000,
        maxTokens: 4000,
        maxDepth: 12,
        maxCost: 50_000,
        listSize: 10,
        maxRootFields: 20,
        maxAliases: 30,
        maxDirectives: 30,
        introspection: false,
        ...changes.query,
      },
      sockets: {
        perUser: 1000,
        perTenant: 1000,
        subscriptions: 100,
        maxBufferedBytes: 4_000_000,
        pingSeconds: 30,
        ...changes.sockets,
      },
    };
  }

  /** Starts a guard that ends with the world. */
  async guard(
    changes: Parameters<GuardWorld['config']>[0] = {},
    more: Partial<GuardSettings> = {},
  ): Promise<GuardProcess> {
    const url = new URL(this.server.url('strata_guard', 'guarded'));
    url.port = String(this.wire.port);
    const guard = await startGuard({
      config: this.config(changes),
      jwtKey: issuer.key,
      redisUrl: this.redis.url,
      databaseUrl: url.href,
      ...more,
    });
    this.guards.push(guard);
    return guard;
  }

  /** A good token of somebody, or one with other claims. */
  token(person: Person, claims: Readonly<Record<string, unknown>> = {}): string {
    const body = payload(issuer, subject(person));
    return Object.keys(claims).length === 0
      ? token(issuer, subject(person))
      : forge({ alg: 'HS256' }, { ...body, ...claims }, issuer.key);
  }

  /** The header of a token. */
  bearer(person: Person): { authorization: string } {
    return { authorization: `Bearer ${this.token(person)}` };
  }

  /** Issues a key as an operator does. */
  async key(person: Person, options: KeyOptions = {}): Promise<{ id: string; text: string }> {
    const { scopes = ['storage:*'], role = person.role, seconds = 3600 } = options;
    const [id, secret] = [randomUUID(), randomBytes(32)];
    await this.admin.query(
      `insert into registry.api_keys (tenant_id, id, secret_hash, name, role, scopes, created_by, expires_at, created_at)
       values ($1, $2, $3, 'a key', $4, $5, $6, now() + make_interval(secs => $7), now() - interval '1 hour')`,
      [person.tenant, id, hashOf(secret), role, scopes, person.id, seconds],
    );
    return { id, text: keyText(id, secret) };
  }

  /** A tenant of its own with one admin: for tests that use limits up or change it. */
  async newcomer(slug: string): Promise<Person> {
    const { rows } = await this.admin.query<{ tenant: string; id: string }>(
      `with t as (insert into registry.tenants (slug, name) values ($1, $1) returning id),
         u as (insert into registry.users (handle) values ($1) returning id),
         m as (insert into registry.members select t.id, u.id, 'admin' from t, u)
       select t.id as tenant, u.id from t, u`,
      [slug],
    );
    const [row] = rows;
    if (!row) throw new Error('nothing was inserted');
    return { ...row, role: 'admin', note: '', draft: '' };
  }

  /** Ends the guards that a test started. */
  async endGuards(): Promise<void> {
    const guards = this.guards.splice(0);
    for (const guard of guards) guard.child.kill('SIGKILL');
    await Promise.all(guards.map(({ ended }) => ended));
  }

  async stop(): Promise<void> {
    this.wire.mend();
    await this.endGuards();
    this.upstream.stop();
    this.wire.stop();
    await this.redis.stop();
    await this.server.stop();
  }
}

function subject({ tenant, id, role }: Person): {
  tenantId: string;
  userId: string;
  role: string;
} {
  return { tenantId: tenant, userId: id, role: `tenant_${role}` };
}
