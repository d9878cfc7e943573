import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { DatabaseError } from 'pg';
import { messageOf } from '../../engine/errors';
import { UnreachableError } from '../database/connect';
import { SqlError } from '../database/errors';
import { PlaceBusy } from './place-lock';

/**
 * What passes by itself: lock timeout, deadlock, serialization failure, no free connection, a server that ends or starts.
 * Classes 08 and 57P are the connection's.
 */
const passing = /^(?:55P03|40P01|40001|53300|57P0[123]|08...)$/;

/** What pg and Node say of a connection that broke, without any code of Postgres. */
const broken = /Connection terminated|connection error|ECONNRESET|EPIPE|ETIMEDOUT/;

/** Whether the same work may succeed when it is tried again: somebody's lock, or a connection that was lost. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PlaceBusy) return true;
  if (error instanceof UnreachableError) return error.why === 'silent';
  return passing.test(stateOf(error)) || isBroken(error);
}

/** Whether the session is gone with the error, so that the next try needs another one. */
export function isBroken(error: unknown): boolean {
  return /^(?:57P0[123]|08...)$/.test(stateOf(error)) || broken.test(messageOf(error));
}

function stateOf(error: unknown): string {
  return error instanceof DatabaseError || error instanceof SqlError ? (error.code ?? '') : '';
}

const patience = retry(handleWhen(isPassing), {
  maxAttempts: 12,
  backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
});

/** Does `work`, again and again with growing pauses while what keeps it passes by itself: half a minute in all. */
export function patiently<T>(work: () => Promise<T>): Promise<T> {
  return patience.execute(work);
}
