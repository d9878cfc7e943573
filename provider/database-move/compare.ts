import { UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { RefusedError } from '../tenancy/wanted';
import { schemaText } from './copy';
import type { Database } from './databases';
import { maintenanceDatabase, rowsOf, type Ends } from './ends';
import { differences, fingerprints, type Fingerprints } from './fingerprints';
import { sendAway } from './journal';
import type { Tools } from './tools';

/** Something may write while the source is compared; after so many times it is no accident. */
const comparisons = 5;

/** Throws where the target differs from what the source is now, and makes sure that it stays that. */
export async function compare(
  ends: Ends,
  copied: ReadonlyMap<Database, Fingerprints>,
  options: { readonly tools: Tools; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (const [database] of copied) {
    const [here, there] = [
      await schemaText(ends.source, database, options),
      await schemaText(ends.target, database, options),
    ];
    if (here !== there) {
      throw new UserError(
        `Tables, rights or policies of database ${database.name} differ at the target: ${firstDifference(here, there)}`,
      );
    }
  }
  for (let time = 0; time < comparisons; time += 1) {
    const before = await transactions(ends);
    const found: string[] = [];
    for (const [{ name }, target] of copied) {
      options.signal?.throwIfAborted();
      found.push(...differences(name, await fingerprints(ends.source, name), target));
    }
    if (found.length > 0) throw new RefusedError('The target is not what the source is', found);
    // Not even a superuser has written meanwhile.
    if ((await transactions(ends)) === before) return;
  }
  throw new UserError(
    'Something writes to the source all the time, and only a superuser can: end it, and move again.',
  );
}

/** The number of the next transaction that writes, once nobody is in one. */
function transactions({ source }: Ends): Promise<string> {
  return withClient(databaseAt(source, maintenanceDatabase), async (client) => {
    await sendAway(client);
    const [next] = await rowsOf<{ xid: string }>(
      client,
      'select pg_snapshot_xmax(pg_current_snapshot())::text as xid',
    );
    return next?.xid ?? '';
  });
}

function firstDifference(here: string, there: string): string {
  const [at, other] = [here.split('\n'), there.split('\n')];
  const index = at.findIndex((line, position) => line !== other[position]);
  return `"${other[index] ?? ''}" in place of "${at[index] ?? ''}"`;
}
