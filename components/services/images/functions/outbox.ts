import type { Pool } from 'pg';
import type { Operation, Role } from './api';

/** An event that this worker holds until its lease ends. */
export interface Held {
  readonly id: string;
  readonly lease: string;
  readonly function: string;
  /** Null for a tick. */
  readonly tenantId: string | null;
  readonly relation: string | null;
  readonly operation: Operation | 'tick';
  readonly key: Readonly<Record<string, unknown>> | null;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
  readonly oversized: boolean;
  readonly userId: string | null;
  readonly role: Role | null;
  readonly occurredAt: Date;
  readonly attempt: number;
}

export interface Waiting {
  readonly function: string;
  readonly pending: number;
  readonly dead: number;
  readonly oldestSeconds: number;
}

/** The outbox as its dispatcher sees it: functions of the schema `outbox` and nothing else. */
export class Outbox {
  constructor(
    private readonly pool: Pool,
    /** How often an event is tried before it stays as a dead letter. */
    private readonly attempts: number,
  ) {}

  /** At most `most` events of these functions that are due, each held for `seconds`. */
  async claim(functions: readonly string[], most: number, seconds: number): Promise<Held[]> {
    if (functions.length === 0 || most < 1) return [];
    const { rows } = await this.pool.query<Held>(
      `select id, lease, function, tenant_id as "tenantId", relation, operation, key, old_row as old, new_row as new,
         oversized, user_id as "userId", member_role as role, occurred_at as "occurredAt", attempts as attempt
       from outbox.claim($1, $2, $3 * interval '1 second', $4)`,
      [functions, most, seconds, this.attempts],
    );
    return rows;
  }

  /** False when the lease has ended and somebody else has the event. */
  async complete({ id, lease }: Held): Promise<boolean> {
    const { rows } = await this.pool.query<{ done: boolean }>(
      'select outbox.complete($1, $2) as done',
      [id, lease],
    );
    return rows[0]?.done ?? false;
  }

  /** What becomes of the event: `pending` again or `dead`; null when somebody else has it. */
  async fail({ id, lease }: Held, error: string): Promise<'pending' | 'dead' | null> {
    const { rows } = await this.pool.query<{ became: 'pending' | 'dead' | null }>(
      'select outbox.fail($1, $2, $3, $4) as became',
      [id, lease, error, this.attempts],
    );
    return rows[0]?.became ?? null;
  }

  /** True when this call entered the tick, and no other worker's. */
  async tick(name: string, at: Date): Promise<boolean> {
    const { rows } = await this.pool.query<{ entered: boolean }>(
      'select outbox.tick($1, $2) as entered',
      [name, at],
    );
    return rows[0]?.entered ?? false;
  }

  async activeTenants(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      'select id from outbox.active_tenants() as id',
    );
    return rows.map(({ id }) => id);
  }

  async status(): Promise<Waiting[]> {
    const { rows } = await this.pool.query<Waiting>(
      `select function, pending::int, dead::int, oldest_seconds as "oldestSeconds" from outbox.status()`,
    );
    return rows;
  }

  /** Deletes what was done more than `days` ago; how many events. */
  async sweep(days: number): Promise<number> {
    const { rows } = await this.pool.query<{ gone: string }>(
      "select outbox.sweep($1 * interval '1 day') as gone",
      [days],
    );
    return Number(rows[0]?.gone ?? 0);
  }
}
