import type { Session } from '../shared/token';
import { log } from '../shared/log';
import { Refusal } from '../shared/refusal';
import { bindingsOf, concerns, type Binding } from './bindings';
import type { Change } from './changes/change';
import type { ChangeFeed } from './changes/feed';
import type { Column, Row } from './changes/reading';
import type { Visible } from './changes/visible';

/** Somebody of this instance who wants to hear of changes. */
export interface Subscriber {
  /** As whom rows are read. */
  readonly session: Session;
  readonly bindings: readonly Binding[];
  readonly tell: (change: Change, row: Row, columns: readonly Column[]) => void;
  /** Some may have been missed: what was read before is old. */
  readonly gap: () => void;
}

/** Changes of a tenant that wait to be looked up; whoever makes more is better read anew. */
const mostWaiting = 2_000;

/** Sessions of a tenant that are asked about at the same time: half of the connections stay for the others. */
const lookers = 4;

/** Of one tenant; what another one changes, and how long looking it up takes, holds up nothing here. */
interface Tenant {
  readonly subscribers: Set<Subscriber>;
  turn: Promise<void>;
  waiting: number;
}

/** Who wants to hear of changes of whose rows, and what each of them may be told. */
export class Subscriptions {
  private readonly tenants = new Map<string, Tenant>();

  constructor(
    private readonly visible: Visible,
    /** Tables whose changes are told. */
    private readonly tables: readonly string[],
    private readonly feed: () => Pick<ChangeFeed, 'listening'>,
  ) {}

  /** What a session asks for. Throws `Refusal`: 400 for what is not told, 409 for rows elsewhere, 503. */
  async bindings(
    session: Session,
    asked: Parameters<typeof bindingsOf>[0],
  ): Promise<readonly Binding[]> {
    if (asked.length === 0) return [];
    if (!this.feed().listening) {
      throw new Refusal(503, 'changes_unavailable', 'changes are not heard of now: try again');
    }
    if (!(await this.visible.isHeard(session.tenantId))) {
      throw new Refusal(
        409,
        'wrong_model',
        'changes are told of rows in the main database: yours are elsewhere; broadcasts and presence work',
      );
    }
    const known = new Map<string, Promise<readonly Column[]>>();
    return bindingsOf(asked, this.tables, (table) => {
      const columns = known.get(table) ?? this.visible.columns(session, table);
      known.set(table, columns);
      return columns;
    });
  }

  /** Told from now on. */
  add(subscriber: Subscriber): void {
    const { tenantId } = subscriber.session;
    const tenant = this.tenants.get(tenantId) ?? {
      subscribers: new Set(),
      turn: Promise.resolve(),
      waiting: 0,
    };
    tenant.subscribers.add(subscriber);
    this.tenants.set(tenantId, tenant);
  }

  remove(subscriber: Subscriber): void {
    const { tenantId } = subscriber.session;
    const tenant = this.tenants.get(tenantId);
    tenant?.subscribers.delete(subscriber);
    if (tenant?.subscribers.size === 0) this.tenants.delete(tenantId);
  }

  /** Each tenant's in their order; what nobody waits for is let go. */
  changed(changes: readonly Change[]): void {
    for (const tenantId of new Set(changes.map((change) => change.tenantId))) {
      const tenant = this.tenants.get(tenantId);
      const own = changes.filter((change) => change.tenantId === tenantId);
      if (tenant && tenant.waiting + own.length <= mostWaiting) this.queue(tenant, own);
      else if (tenant) {
        log('warn', 'more changes than can be looked up', { tenant: tenantId });
        this.gap(tenantId);
      }
    }
  }

  /** Of one tenant, or of all. */
  gap(tenantId?: string): void {
    for (const [id, { subscribers }] of [...this.tenants]) {
      if (tenantId === undefined || id === tenantId) for (const one of [...subscribers]) one.gap();
    }
  }

  private queue(tenant: Tenant, changes: readonly Change[]): void {
    tenant.waiting += changes.length;
    tenant.turn = tenant.turn.then(async () => {
      await this.pass(tenant.subscribers, changes);
      tenant.waiting -= changes.length;
    });
  }

  private async pass(all: ReadonlySet<Subscriber>, changes: readonly Change[]): Promise<void> {
    const groups = sameSessions(all);
    const work = async (): Promise<void> => {
      for (let next = groups.pop(); next; next = groups.pop()) {
        await this.passTo(next, changes, (one) => all.has(one));
      }
    };
    await Promise.all(Array.from({ length: lookers }, work));
  }

  /** Rows are read once for all subscribers of the same session. */
  private async passTo(
    subscribers: readonly Subscriber[],
    changes: readonly Change[],
    isThere: (one: Subscriber) => boolean,
  ): Promise<void> {
    const bindings = subscribers.flatMap((one) => one.bindings);
    const wanted = changes.filter((change) => bindings.some((one) => concerns(one, change)));
    const [session] = subscribers.map((one) => one.session);
    if (!session || wanted.length === 0) return;
    try {
      const rows = await this.visible.rows(session, wanted);
      const columns = await this.columnsOf(session, wanted);
      // Who has left, or become another meanwhile, is told nothing of what the former one may read.
      const there = subscribers.filter(isThere);
      const same = there.filter((one) => keyOf(one.session) === keyOf(session));
      for (const one of there) if (!same.includes(one)) one.gap();
      for (const [index, change] of wanted.entries()) {
        const row = rows[index];
        if (!row) continue;
        for (const one of same) one.tell(change, row, columns.get(change.table) ?? []);
      }
    } catch (error) {
      log('warn', 'changes could not be looked up', { reason: (error as Error).message });
      for (const one of subscribers) one.gap();
    }
  }

  private async columnsOf(
    session: Session,
    changes: readonly Change[],
  ): Promise<ReadonlyMap<string, readonly Column[]>> {
    const tables = [...new Set(changes.map(({ table }) => table))];
    const columns = tables.map((table) => this.visible.columns(session, table));
    return new Map((await Promise.all(columns)).map((of, index) => [tables[index] ?? '', of]));
  }
}

function sameSessions(all: Iterable<Subscriber>): Subscriber[][] {
  const groups = new Map<string, Subscriber[]>();
  for (const one of all) {
    const key = keyOf(one.session);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Of sessions of one tenant: what they read is the same where this is. */
function keyOf({ userId, role, scopes }: Session): string {
  return JSON.stringify([userId, role, scopes]);
}
