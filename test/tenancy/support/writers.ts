import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { tenantRole, type Model } from '../../../components/tenancy/places';
import { placeUrl } from '../../../provider/tenancy/clusters';
import { findTenant } from '../../../provider/tenancy/registry';
import { placeOfTenant, type Tenant } from '../../../provider/tenancy/tenant';
import { asMaintenance, withClient } from '../../../provider/database/connect';
import { adminOf, type World } from './population';

interface Found {
  readonly model: Model;
  readonly shard: string;
  readonly database: string;
  readonly schema: string;
  readonly role: string;
}

/** After these the same request is sent again, with the place looked up anew. */
const again = new Set(['ST001', '40001']);

/**
 * Clients of a tenant that write as an API does, and remember what was committed. Each has rows of its own, so that the
 * end is known: a row that is there and should not be, or the other way round, is a lost or a doubled write.
 */
export class Writers {
  /** Committed notes: id → body. */
  readonly notes = new Map<string, string>();
  /** Whatever an API would not have sent again. */
  readonly errors: string[] = [];
  commits = 0;
  sentAgain = 0;
  private stopped = false;
  private running: Promise<void>[] = [];
  private user = '';

  constructor(
    private readonly world: World,
    private readonly tenant: Tenant,
    private readonly options: {
      readonly random: () => number;
      /** How long a place is remembered: less than the grace of the move. */
      readonly memoryMs: number;
      readonly isolation?: 'read committed' | 'repeatable read';
      /** How long a transaction may think between what it reads and what it writes. */
      readonly thinkMs?: number;
    },
  ) {}

  async start(count: number): Promise<void> {
    this.user = await adminOf(this.world.platform, this.tenant);
    await this.transaction(new Connections(this.world, this.tenant, 0), async (client) => {
      await client.query("insert into projects (name) values ('P') on conflict do nothing");
    });
    this.running = Array.from({ length: count }, () => this.run());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  /** What the tenant's place has that was not committed, and the other way round. */
  async difference(): Promise<{ lost: string[]; foreign: string[] }> {
    const { clusters } = this.world.platform;
    const place = placeOfTenant(await findTenant(clusters, this.tenant.id));
    const rows = await asMaintenance(placeUrl(clusters, place), async (client) => {
      const found = await client.query<{ id: string; body: string }>(
        `select id, body from ${place.schema}.notes where tenant_id = $1`,
        [this.tenant.id],
      );
      return found.rows;
    });
    const there = new Map(rows.map(({ id, body }) => [id, body]));
    return {
      lost: [...this.notes].filter(([id, body]) => there.get(id) !== body).map(([id]) => id),
      foreign: [...there].filter(([id, body]) => this.notes.get(id) !== body).map(([id]) => id),
    };
  }

  /** Resolves when so many more have been committed. */
  async more(count: number): Promise<void> {
    const wanted = this.commits + count;
    while (this.commits < wanted && this.errors.length === 0) await sleep(5);
  }

  private async run(): Promise<void> {
    const { random, memoryMs } = this.options;
    const connections = new Connections(this.world, this.tenant, memoryMs);
    const mine: string[] = [];
    try {
      while (!this.stopped) {
        await this.once(connections, mine, random);
      }
    } finally {
      await connections.end();
    }
  }

  private async once(
    connections: Connections,
    mine: string[],
    random: () => number,
  ): Promise<void> {
    const { thinkMs = 0 } = this.options;
    const untouched = [...mine];
    const changes = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      this.change(untouched, random),
    );
    const kept = await this.transaction(connections, async (client) => {
      // A snapshot that is older than the writing: a switch may come in between.
      await client.query('select count(*) from notes');
      if (thinkMs > 0) await sleep(thinkMs * random());
      for (const { id, body, kind } of changes) {
        if (kind === 'insert') {
          await client.query(
            'insert into notes (id, project_id, body) select $1, id, $2 from projects limit 1',
            [id, body],
          );
        } else if (kind === 'update') {
          await client.query('update notes set body = $2 where id = $1', [id, body]);
        } else {
          await client.query('delete from notes where id = $1', [id]);
        }
      }
    });
    if (!kept) return;
    this.commits += 1;
    for (const { id, body, kind } of changes) {
      if (kind === 'delete') this.notes.delete(id);
      else this.notes.set(id, body);
      if (kind === 'insert') mine.push(id);
      if (kind === 'delete') mine.splice(mine.indexOf(id), 1);
    }
  }

  /** Each row at most once in a transaction, so that what it leaves is known. */
  private change(untouched: string[], random: () => number): Change {
    const body = `${this.commits} ${random()}`;
    const roll = random();
    const [id] = untouched.splice(Math.floor(random() * untouched.length), roll < 0.5 ? 0 : 1);
    if (id === undefined) return { kind: 'insert', id: randomUUID(), body };
    return { kind: roll < 0.8 ? 'update' : 'delete', id, body };
  }

  /** One request, sent again as often as it takes. */
  private async transaction(
    connections: Connections,
    work: (client: Client) => Promise<void>,
  ): Promise<boolean> {
    const { isolation = 'read committed' } = this.options;
    for (;;) {
      let client: Client | undefined;
      try {
        const place = await connections.place();
        client = await connections.at(place);
        await client.query(`begin isolation level ${isolation}`);
        await client.query(
          `select set_config('role', $1, true), set_config('search_path', $2, true),
             set_config('request.jwt.claims', $3, true)`,
          [place.role, `${place.schema}, pg_temp`, this.claims()],
        );
        await work(client);
        await client.query('commit');
        return true;
      } catch (error) {
        await client?.query('rollback').catch(() => undefined);
        if (error instanceof DatabaseError && again.has(error.code ?? '')) {
          this.sentAgain += 1;
          connections.forget();
          await sleep(5);
          continue;
        }
        this.errors.push((error as Error).message);
        this.stopped = true;
        return false;
      }
    }
  }

  private claims(): string {
    return JSON.stringify({
      'https://hasura.io/jwt/claims': {
        'x-hasura-tenant-id': this.tenant.id,
        'x-hasura-user-id': this.user,
        'x-hasura-role': 'tenant_admin',
      },
    });
  }
}

interface Change {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: string;
  readonly body: string;
}

/** The place of the tenant, remembered for a while, and a connection for each place that it had. */
class Connections {
  private readonly clients = new Map<string, Client>();
  private remembered: { readonly place: Found; readonly until: number } | undefined;

  constructor(
    private readonly world: World,
    private readonly tenant: Tenant,
    private readonly memoryMs: number,
  ) {}

  async place(): Promise<Found> {
    if (this.remembered && this.remembered.until > performance.now()) return this.remembered.place;
    const place = await withClient(
      this.world.servers.main.url('strata_authenticator', 'strata'),
      async (client) => {
        const { rows } = await client.query<Found>(
          'select model, shard, database, schema, role from tenancy.place($1)',
          [this.tenant.id],
        );
        return rows[0];
      },
    );
    if (!place) throw new Error('the tenant is gone');
    this.remembered = { place, until: performance.now() + this.memoryMs };
    return place;
  }

  forget(): void {
    this.remembered = undefined;
  }

  async at({ model, shard, database }: Found): Promise<Client> {
    const login = model === 'database' ? tenantRole(this.tenant.id) : 'strata_authenticator';
    const server = shard === 'main' ? this.world.servers.main : this.world.servers.east;
    const url = server.url(login, database);
    const known = this.clients.get(url);
    if (known) return known;
    const client = new Client({ connectionString: url });
    client.on('error', () => this.clients.delete(url));
    await client.connect();
    this.clients.set(url, client);
    return client;
  }

  async end(): Promise<void> {
    await Promise.all(
      [...this.clients.values()].map((client) => client.end().catch(() => undefined)),
    );
  }
}
