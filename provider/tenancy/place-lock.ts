import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Place } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';

/** Another runner has the place: it is done soon, or comes to nothing. */
export class PlaceBusy extends UserError {}

const lockPatienceMs = 5_000;
const lockPollMs = 100;

/**
 * Runs `work` while nobody else migrates or moves the place. The lock is asked for again and again instead of waited
 * for: a waiting session has a snapshot, and the runner before it could be waiting for that (create index concurrently).
 * Whoever has it already gets it again. Throws `PlaceBusy` when somebody else keeps it.
 */
export async function atPlace<T>(
  client: Client,
  { schema }: Pick<Place, 'schema'>,
  work: () => Promise<T>,
): Promise<T> {
  const key = [`strata.place ${schema}`];
  const deadline = performance.now() + lockPatienceMs;
  const attempt = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as got';
  while (!(await client.query<{ got: boolean }>(attempt, key)).rows[0]?.got) {
    if (performance.now() > deadline) {
      throw new PlaceBusy(
        'another migration or move of this tenant is under way: run it again when that is done',
      );
    }
    await sleep(lockPollMs);
  }
  try {
    return await work();
  } finally {
    // A connection that is lost gives its locks back by itself.
    await client
      .query('select pg_advisory_unlock(hashtextextended($1, 0))', key)
      .catch(() => undefined);
  }
}

/** What of a tenant's place is locked: tenants that share tables are moved side by side. */
export function lockable({ model, schema }: Place, tenantId: string): Pick<Place, 'schema'> {
  return { schema: model === 'shared' ? `${schema} of ${tenantId}` : schema };
}
