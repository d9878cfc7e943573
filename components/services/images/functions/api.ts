/**
 * What a function of `<app>/functions/` is written with: one function a file, exported by default, and the file's name is
 * the function's name. docs/functions.md shows one of each kind.
 *
 * @example export default http(async (_request, { db }) => Response.json(await db.query('select name from projects')));
 */

/** What every run of a function is handed. */
export interface Context {
  /** Names this run in the log; the gateway's request id where there is a request. */
  readonly id: string;
  /** Aborted when the run's time is up or its caller has left: pass it to `fetch` and the like. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** A secret that `strata:functions.secrets` names. Throws when it does not. */
  readonly secret: (name: string) => string;
}

/** A run that acts for a tenant, and for nobody else. */
export interface TenantContext extends Context {
  /** UUID. */
  readonly tenantId: string;
  /** UUID; undefined where the tenant itself acts: what maintenance changed, and what the clock does. */
  readonly userId: string | undefined;
  readonly role: Role;
  /**
   * One transaction as that tenant, user and role, begun by the first query. It is committed when the handler returns
   * and rolled back when it throws or its time is up. Not to be kept after that.
   */
  readonly db: Database;
  /** Jobs for a `worker`; they run as the same tenant, user and role. */
  readonly queue: (name: string) => JobQueue;
}

interface CronContext extends Context {
  /**
   * Runs `task` for each active tenant, one after the other, as the tenant itself (an admin without a user), each in a
   * transaction of its own. One that fails does not stop the others; the run fails when they have all had their turn.
   */
  readonly forEachTenant: (task: (context: TenantContext) => unknown) => Promise<void>;
}

export type Role = 'admin' | 'member';

export interface Database {
  /** The rows that one statement returns. Values are sent apart from the text: `$1`, `$2`, … */
  readonly query: <Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
}

export interface JobQueue {
  /**
   * Adds a job at once, whatever becomes of the transaction; its id. `data` is sent as JSON.
   * `delaySeconds` holds it back. Throws when the cache does not take it.
   */
  readonly add: (data: unknown, options?: { readonly delaySeconds?: number }) => Promise<string>;
}

export interface Log {
  readonly info: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly error: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

export type Operation = 'insert' | 'update' | 'delete';

/** A change of one row. It comes at least once: `id` tells a repetition. */
export interface TableEvent<Row = Record<string, unknown>> {
  /** UUID, the same for each repetition: what other systems take as an idempotency key. */
  readonly id: string;
  readonly table: string;
  readonly operation: Operation;
  /** The row's primary key, without `tenant_id`. */
  readonly key: Readonly<Record<string, unknown>>;
  /** Null when there was none, and when `oversized`. */
  readonly old: Row | null;
  readonly new: Row | null;
  /** The row takes more than 64 kB as JSON and is not here: read it by `key`. */
  readonly oversized: boolean;
  readonly occurredAt: Date;
  /** 1 for the first time. */
  readonly attempt: number;
}

/** One tick of the clock. `id` is the same when it is tried again. */
interface Tick {
  readonly id: string;
  /** When it was due. */
  readonly at: Date;
  readonly attempt: number;
}

export interface Job<Data = unknown> {
  readonly id: string;
  readonly data: Data;
  readonly attempt: number;
}

export interface HttpFunction {
  readonly kind: 'http';
  readonly handler: (request: Request, context: TenantContext) => Response | Promise<Response>;
}

export interface PublicHttpFunction {
  readonly kind: 'publicHttp';
  readonly handler: (request: Request, context: Context) => Response | Promise<Response>;
}

export interface EventFunction {
  readonly kind: 'event';
  readonly table: string;
  readonly operations: readonly Operation[];
  readonly handler: (event: TableEvent, context: TenantContext) => unknown;
}

export interface CronFunction {
  readonly kind: 'cron';
  readonly pattern: string;
  readonly handler: (tick: Tick, context: CronContext) => unknown;
}

export interface WorkerFunction {
  readonly kind: 'worker';
  readonly queue: string;
  readonly handler: (job: Job, context: TenantContext) => unknown;
}

export type FunctionDefinition =
  HttpFunction | PublicHttpFunction | EventFunction | CronFunction | WorkerFunction;

/** Answers `/functions/<name>` and what is below it, for callers with a token or an API key, as the caller. */
export function http(handler: HttpFunction['handler']): HttpFunction {
  return { kind: 'http', handler };
}

/** Answers `/functions/<name>` for anybody, as nobody: it has no database. For web-hooks that sign what they send. */
export function publicHttp(handler: PublicHttpFunction['handler']): PublicHttpFunction {
  return { kind: 'publicHttp', handler };
}

/**
 * Runs after changes of a table that `tenancy.ts` declares, at least once for each, as whoever made the change. A row's
 * changes come in their order. Costs one more row for each changed row, in the same transaction.
 */
export function onEvent<Row = Record<string, unknown>>(
  on: { readonly table: string; readonly operations: readonly Operation[] },
  handler: (event: TableEvent<Row>, context: TenantContext) => unknown,
): EventFunction {
  return { kind: 'event', ...on, handler: handler as EventFunction['handler'] };
}

/** Runs by the clock (UTC), once for each tick however many workers there are; five fields, or six with seconds. */
export function cron(pattern: string, handler: CronFunction['handler']): CronFunction {
  return { kind: 'cron', pattern, handler };
}

/** Runs for each job of a queue, at least once, as whoever added it. */
export function worker<Data = unknown>(
  queue: string,
  handler: (job: Job<Data>, context: TenantContext) => unknown,
): WorkerFunction {
  return { kind: 'worker', queue, handler: handler as WorkerFunction['handler'] };
}
