import { Refusal } from '../refusal';

/** The tenant's rows are elsewhere by now (tenancy.hold). */
export const movedState = 'ST001';

/** Serialization failure, deadlock, lock not available: of two requests that met, this one lost. */
const lost = new Set(['40001', '40P01', '55P03']);

/** What is told of an error of Postgres after which the same request may be sent again; undefined of any other. */
export function retryable(error: unknown): Refusal | undefined {
  const { code } = error as { code?: unknown };
  if (code === movedState) {
    return again('TENANT_MOVED', 'this tenant has just been moved: send the request again');
  }
  if (typeof code === 'string' && lost.has(code)) {
    return again('TRY_AGAIN', 'another request was at the same rows: send this one again');
  }
  return undefined;
}

function again(code: string, message: string): Refusal {
  return new Refusal(503, code, message, { 'retry-after': '1' });
}
