import type { Places } from '../shared/tenant-database/places';
import type { Context, TenantContext } from './api';
import { transaction, type Identity } from './database';
import { secret } from './environment';
import { described, logger } from './log';
import type { Metrics, Result } from './metrics';
import type { Queues } from './queues';

/** What runs of functions share in one process. */
export interface Runtime {
  /** The tenants' databases, for `strata_app`. */
  readonly places: Places;
  readonly queues: Queues;
  readonly metrics: Metrics;
  /** How long a run may take. */
  readonly seconds: number;
  /** Names of the secrets that functions may ask for. */
  readonly secrets: readonly string[];
}

/** One run: what is logged and counted of it. */
export interface Run {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Aborted when nobody waits for the result any more. */
  readonly left?: AbortSignal;
  /** How long it may take, where that is not the runtime's `seconds`. */
  readonly seconds?: number;
}

/** A run took longer than it may. Its code may still run, but without database and without effect on the result. */
export class TimeoutError extends Error {}

/** Runs `task` as nobody: without database and queues. Throws what it throws, or `TimeoutError`. */
export function runAsNobody<Result>(
  runtime: Runtime,
  run: Run,
  task: (context: Context) => Result | Promise<Result>,
): Promise<Result> {
  const log = logger({ function: run.name, requestId: run.id });
  return measured(runtime, run, log, (signal) => task(context(runtime, run, signal, log)));
}

/**
 * Runs `task` in one transaction as `identity`: kept when it returns, not kept when it throws or takes too long.
 * Throws what it throws, `TimeoutError`, or what Postgres says against the transaction.
 */
export function runAsTenant<Result>(
  runtime: Runtime,
  run: Run,
  identity: Identity,
  task: (context: TenantContext) => Result | Promise<Result>,
): Promise<Result> {
  const { tenantId, userId, role } = identity;
  const log = logger({ function: run.name, requestId: run.id, tenant: tenantId, user: userId });
  return measured(runtime, run, log, async (signal) => {
    const { db, commit, abandon } = transaction(runtime.places, identity, runtime.seconds);
    signal.addEventListener('abort', abandon, { once: true });
    try {
      const result = await task({
        ...context(runtime, run, signal, log),
        tenantId,
        userId,
        role,
        db,
        queue: (name) => runtime.queues.for(identity, name),
      });
      await commit();
      return result;
    } finally {
      abandon();
    }
  });
}

function context(runtime: Runtime, { id }: Run, signal: AbortSignal, log: Context['log']): Context {
  return {
    id,
    signal,
    log,
    secret(name) {
      if (runtime.secrets.includes(name)) return secret(name);
      throw new Error(`the secret ${name} is not named in strata:functions.secrets`);
    },
  };
}

async function measured<T>(
  runtime: Runtime,
  { name, kind, left, seconds = runtime.seconds }: Run,
  log: Context['log'],
  task: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const started = performance.now();
  const ended = (result: Result): number => {
    const took = (performance.now() - started) / 1000;
    runtime.metrics.run(name, kind, result, took);
    return Math.round(took * 1000);
  };
  try {
    const result = await limited(seconds, left, task);
    log.info('ran', { milliseconds: ended('ok') });
    return result;
  } catch (error) {
    const late = error instanceof TimeoutError;
    log.error('failed', { milliseconds: ended(late ? 'timeout' : 'failed'), ...described(error) });
    throw error;
  }
}

/** What `task` gives, unless its time is up first. */
async function limited<T>(
  seconds: number,
  left: AbortSignal | undefined,
  task: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const clock = new AbortController();
  const late = new TimeoutError(`the run took longer than ${String(seconds)} seconds`);
  const timer = setTimeout(() => {
    clock.abort(late);
  }, seconds * 1000);
  const over = new Promise<never>((_resolve, reject) => {
    clock.signal.addEventListener('abort', () => {
      reject(late);
    });
  });
  const signal = left ? AbortSignal.any([clock.signal, left]) : clock.signal;
  try {
    return await Promise.race([(async () => task(signal))(), over]);
  } finally {
    clearTimeout(timer);
  }
}
