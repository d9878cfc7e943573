import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Place } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import { sha256 } from '../database/migration-file';
import { bringUp, standingOf, type Applied } from './bring-up';
import type { TenancyPlan } from './plan';
import { placeOfTenant, type Tenant } from './tenant';

/** Another runner has the place: it is done soon, or comes to nothing. */
export class PlaceBusy extends UserError {}

const lockPatienceMs = 5_000;
const lockPollMs = 100;

/**
 * Brings one tenant's place to the plan and says what is applied there. `client` is the migrator at the place's database;
 * `first` examines what comes of it.
 * Throws `PlaceBusy` while somebody else works at the place, and what `bringUp` throws.
 */
export async function bringPlaceUp(
  client: Client,
  tenant: Tenant,
  plan: TenancyPlan,
  first = false,
): Promise<{ changed: boolean; applied: readonly Applied[] }> {
  const place = placeOfTenant(tenant);
  return atPlace(client, place, async () => {
    const before = await standingOf(client, place);
    if (before.version === plan.version) return { changed: false, applied: before.applied };
    const names = await bringUp({ client, place, tenantId: tenant.id, plan, first });
    const added = plan.migrations
      .filter(({ name }) => names.includes(name))
      .map(({ name, sql }) => ({ name, sha256: sha256(sql) }));
    return { changed: true, applied: [...before.applied, ...added] };
  });
}

/**
 * Runs `work` while nobody else migrates or moves the place. The lock is asked for again and again instead of waited
 * for: a waiting session has a snapshot, and the runner before it could be waiting for that (create index concurrently).
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
