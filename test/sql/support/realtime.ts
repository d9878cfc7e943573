import type { Client } from 'pg';
import { realtimeTriggers } from '../../../components/tenancy/realtime';
import type { TenancyDeclaration } from '../../../components/tenancy/declaration';
import type { Bench } from './bench';
import { declaration, putUp } from './platform';
import type { Server } from './server';

/** Notes, whose owner is their author, and drafts, which only their author reads, tell of their changes; projects do not. */
const telling: TenancyDeclaration = {
  ...declaration,
  tables: Object.fromEntries(
    Object.entries(declaration.tables).map(([table, rules]) => [
      table,
      table === 'app.projects' ? rules : { ...rules, realtime: true },
    ]),
  ),
};

/** Lets listeners hear of changes, as a deployment does: by the tables' fences. */
export function tell(server: Server, database: string): Promise<void> {
  return putUp(server, database, telling, realtimeTriggers(telling));
}

/** A change as a listener is told of it, or a gap. */
export interface Told {
  readonly tenant_id: string | null;
  readonly relation: string | null;
  readonly operation: string;
  readonly key: Readonly<Record<string, unknown>> | null;
  readonly owner: string | null;
  readonly at: string;
}

/** Somebody who listens from now on. */
export class Listener {
  private constructor(
    private readonly client: Client,
    public seen: string,
  ) {}

  static async begin(bench: Bench): Promise<Listener> {
    const client = await bench.connect('strata_realtime');
    const { rows } = await client.query<{ seen: string }>(
      'select realtime.snapshot()::text as seen',
    );
    return new Listener(client, rows[0]?.seen ?? '');
  }

  /** What has changed since it listened last. */
  async hear(most = 1000): Promise<Told[]> {
    const { rows } = await this.client.query<{ present: string; told: Told | null }>(
      `select present::text, case when operation is not null then json_build_object('tenant_id', tenant_id,
         'relation', relation, 'operation', operation, 'key', key, 'owner', owner, 'at', at::text) end as told
       from realtime.since($1, $2)`,
      [this.seen, most],
    );
    this.seen = rows[0]?.present ?? '';
    return rows.flatMap(({ told }) => told ?? []);
  }

  /** Operations with the ids of their rows, for tests that look at nothing else. */
  async words(most?: number): Promise<string[]> {
    return (await this.hear(most)).map(({ operation, key }) => `${operation} ${String(key?.id)}`);
  }

  async sweep(keep: string): Promise<number> {
    const { rows } = await this.client.query<{ gone: string }>(
      'select realtime.sweep($1) as gone',
      [keep],
    );
    return Number(rows[0]?.gone);
  }
}
