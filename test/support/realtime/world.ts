import { RealtimeClient } from '@supabase/supabase-js';
import { anonKey } from '../../../components/services/anon-key';
import type { RealtimeConfig } from '../../../components/services/images/realtime/config';
import { realtimeRules, realtimeTriggers } from '../../../components/tenancy/realtime';
import { declaration, putUp } from '../../sql/support/platform';
import type { Person } from '../../sql/support/world';
import { GuardWorld, issuer } from '../guard/world';
import type { GuardProcess } from '../guard/process';
import { startRealtime, type RealtimeProcess, type RealtimeSettings } from './process';

/** The public key of clients. */
export const anon = anonKey(issuer.key);

interface ConfigChanges {
  readonly channels?: RealtimeConfig['channels'];
  readonly sockets?: Partial<RealtimeConfig['sockets']>;
  readonly messages?: Partial<RealtimeConfig['messages']>;
  readonly presence?: Partial<RealtimeConfig['presence']>;
}

/** The service with all that it needs, for real: the guard, Postgres with the platform's SQL, Redis. */
export class RealtimeWorld {
  private instances: RealtimeProcess[] = [];
  private clients: RealtimeClient[] = [];

  private constructor(
    readonly guarded: GuardWorld,
    /** The one that the instances ask. */
    public guard: GuardProcess,
  ) {}

  static async start(): Promise<RealtimeWorld> {
    const guarded = await GuardWorld.start();
    await putUp(guarded.server, 'guarded', declaration, realtimeTriggers(declaration));
    return new RealtimeWorld(guarded, await guarded.guard());
  }

  get people(): GuardWorld['people'] {
    return this.guarded.people;
  }

  /** As components/services/realtime.ts writes it, with limits that no test meets by chance. */
  config(changes: ConfigChanges = {}): RealtimeConfig {
    return {
      guard: `http://127.0.0.1:${String(this.guard.port)}`,
      channels: {
        'room:*': { listen: 'member', send: 'member' },
        news: { listen: 'member', send: 'admin' },
        'ops:*': { listen: 'admin', send: 'admin' },
        'user:*': { listen: 'self', send: 'member' },
        'ticker:*': { listen: 'member', send: 'nobody' },
        ...changes.channels,
      },
      tables: realtimeRules(declaration).tables,
      sockets: {
        bindings: 20,
        perUser: 1000,
        perTenant: 1000,
        channels: 100,
        maxBufferedBytes: 4_000_000,
        pingSeconds: 30,
        ...changes.sockets,
      },
      messages: {
        maxBytes: 100_000,
        perSecond: { socket: 1_000, tenant: 100_000 },
        ...changes.messages,
      },
      presence: { maxBytes: 4_000, perChannel: 1_000, leaseSeconds: 30, ...changes.presence },
    };
  }

  /** Starts an instance that ends with the test. */
  async instance(
    changes: ConfigChanges = {},
    more: Partial<RealtimeSettings> = {},
  ): Promise<RealtimeProcess> {
    const instance = await startRealtime({
      config: this.config(changes),
      redisUrl: this.guarded.redis.urlOf('realtime'),
      databaseUrl: this.guarded.server.url('strata_authenticator', 'guarded'),
      directUrl: this.guarded.server.url('strata_realtime', 'guarded'),
      ...more,
    });
    this.instances.push(instance);
    return instance;
  }

  /** Upstream's client, signed in with a token or API key, or as nobody. */
  async client(
    { port }: RealtimeProcess,
    token?: string | Person,
    options: Partial<ConstructorParameters<typeof RealtimeClient>[1]> = {},
  ): Promise<RealtimeClient> {
    const text = typeof token === 'object' ? this.guarded.token(token) : token;
    const client = new RealtimeClient(`ws://127.0.0.1:${String(port)}/realtime`, {
      params: { apikey: anon },
      accessToken: () => Promise.resolve(text ?? anon),
      ...options,
    });
    this.clients.push(client);
    // As upstream's documentation says: without it the first join is sent before the token is there.
    await client.setAuth();
    return client;
  }

  /** Ends the clients that a test has made. */
  async endClients(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.disconnect()));
  }

  /** Ends the instances that were started since the last time. */
  async endInstances(): Promise<void> {
    const instances = this.instances.splice(0);
    for (const { child } of instances) child.kill('SIGKILL');
    await Promise.all(instances.map(({ ended }) => ended));
  }

  async stop(): Promise<void> {
    await this.endClients();
    await this.endInstances();
    await this.guarded.stop();
  }
}
