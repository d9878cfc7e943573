import type { Client } from 'pg';
import { UserError } from '../../engine/errors';
import {
  applyChanges,
  changedKeys,
  keyTypes,
  type Keys,
  type KeyTypes,
  type TableChanges,
} from './move-changes';
import type { Move } from './move-journal';
import type { Platform } from './provision';
import {
  deleteRows,
  fingerprint,
  fixedText,
  readRows,
  rowTables,
  writeRows,
  type Fingerprint,
  type RowTable,
} from './rows';
import { declaredTables } from './stores/postgres';
import { withoutEvents } from './without-events';

/** Transactions that are older than this when a move begins are not looked for in the audit log. */
const oldestTransactionMs = 60 * 60 * 1000;

/** The two ends of a copy, each connected as the migrator to its place's database. */
export interface Ends {
  readonly read: Client;
  readonly write: Client;
}

/**
 * The copy of a tenant's rows in another place, which follows the original: first all rows of one moment, then those that
 * the audit log names since the moment before.
 */
export class FollowingCopy {
  /** What the copy has seen of the source: a snapshot as Postgres writes it. */
  private seen = '';
  private since = new Date(0);

  private constructor(
    private readonly ends: Ends,
    private readonly move: Move,
    private readonly source: readonly RowTable[],
    private readonly target: readonly RowTable[],
    private readonly types: KeyTypes,
  ) {}

  /** Throws when the tables of the two places are not the same. */
  static async between(platform: Platform, move: Move, ends: Ends): Promise<FollowingCopy> {
    const source = await asOwner(ends.read, () =>
      rowTables(ends.read, declaredTables(platform, move.from)),
    );
    const target = await asOwner(ends.write, () =>
      rowTables(ends.write, declaredTables(platform, move.to)),
    );
    const different = source.filter(
      ({ columns }, index) => columns.join() !== target[index]?.columns.join(),
    );
    if (different.length > 0) {
      throw new UserError(
        `${different.map(({ name }) => name).join(', ')} has other columns at the new place: ` +
          'bring both to one version first (npm run up)',
      );
    }
    const types = await asOwner(ends.read, () => keyTypes(ends.read, source));
    return new FollowingCopy(ends, move, source, target, types);
  }

  /** Every row anew. */
  async all(): Promise<void> {
    const { tenantId } = this.move;
    await this.reading(async () => {
      await this.writing(async (write) => {
        await deleteRows(write, this.target, tenantId);
        for (const [index, table] of this.target.entries()) {
          const rows = readRows(this.ends.read, this.source[index] ?? table, { tenantId });
          await writeRows(write, table, tenantId, rows);
        }
      });
    });
  }

  /** What changed since the moment that was copied last; how many keys. Where that does not go, every row anew. */
  async changes(): Promise<number | 'all'> {
    try {
      return await this.reading(async (keys) => {
        if (!keys) throw new StartOver();
        const changes = this.source.flatMap((source, index): TableChanges[] => {
          const [target, changed] = [this.target[index], keys.get(source.at)];
          return target && changed && changed.count > 0 ? [{ source, target, keys: changed }] : [];
        });
        // Nothing but the tenant names the one row of such a table.
        if (changes.some(({ target }) => target.key.length === 0)) throw new StartOver();
        if (changes.length > 0) {
          await this.writing((write) =>
            applyChanges({ read: this.ends.read, write }, this.move.tenantId, changes, this.types),
          );
        }
        return changes.reduce((sum, change) => sum + change.keys.count, 0);
      });
    } catch (error) {
      if (!(error instanceof StartOver) && !isViolation(error)) throw error;
      await this.all();
      return 'all';
    }
  }

  /** In which tables the two places differ, a sentence each; and how many rows there are. */
  async differences(): Promise<{ readonly rows: number; readonly differences: readonly string[] }> {
    const [source, target] = await Promise.all([
      fingerprints(this.ends.read, this.source, this.move.tenantId),
      fingerprints(this.ends.write, this.target, this.move.tenantId),
    ]);
    const differences = this.source.flatMap(({ name }, index) => {
      const [here, there] = [source[index], target[index]];
      return here?.sha256 === there?.sha256
        ? []
        : [
            `${name} has ${here?.rows ?? 0} rows, and ${there?.rows ?? 0} at the new place, or others`,
          ];
    });
    return { rows: source.reduce((sum, { rows }) => sum + rows, 0), differences };
  }

  /** Runs `work` in one snapshot of the source, which counts as seen when it ends well. */
  private async reading<T>(work: (keys: Changed | undefined) => Promise<T>): Promise<T> {
    const { read } = this.ends;
    await read.query('begin isolation level repeatable read read only');
    try {
      await read.query('set local role strata_owner');
      const { rows } = await read.query<{ snapshot: string; now: Date }>(
        'select pg_current_snapshot()::text as snapshot, now()',
      );
      const [moment] = rows;
      if (!moment) throw new Error('no snapshot');
      const keys =
        this.seen === '' ? undefined : await changedKeys(read, this.lookFor(), this.source);
      await read.query('set local role strata_maintenance');
      await read.query(fixedText);
      const result = await work(keys);
      await read.query('commit');
      if (this.seen === '') this.since = new Date(moment.now.getTime() - oldestTransactionMs);
      this.seen = moment.snapshot;
      return result;
    } catch (error) {
      await read.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  private lookFor(): { tenantId: string; seen: string; since: Date } {
    return { tenantId: this.move.tenantId, seen: this.seen, since: this.since };
  }

  /** One transaction at the target, all of it or nothing, and nobody is told of changes: nothing of it is new. */
  private async writing(work: (write: Client) => Promise<void>): Promise<void> {
    const { write } = this.ends;
    await asMover(write, async () => {
      await withoutEvents(write, this.move.tenantId, this.move.to, async () => {
        await write.query('set constraints all deferred');
        await work(write);
        await write.query('set constraints all immediate');
      });
    });
  }
}

type Changed = ReadonlyMap<string, Keys>;

/** Deletes a tenant's rows from shared tables that it has left, without an event of it. */
export async function deleteOldRows(
  platform: Platform,
  client: Client,
  tenantId: string,
  place: Move['from'],
): Promise<void> {
  await asMover(client, () =>
    withoutEvents(client, tenantId, place, () =>
      deleteRows(client, declaredTables(platform, place), tenantId),
    ),
  );
}

async function asMover(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query(
    `begin; set local lock_timeout = '5s'; set local role strata_maintenance; ${fixedText}`,
  );
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** A table was emptied as a whole, or has no key but the tenant: nothing says which rows. */
class StartOver extends Error {}

/** Class 23: two rows have exchanged a unique value, say. */
function isViolation(error: unknown): boolean {
  return ((error as { code?: string }).code ?? '').startsWith('23');
}

/** The migrator itself sees nothing of the application's schemas. */
async function asOwner<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('set role strata_owner');
  try {
    return await work();
  } finally {
    await client.query('reset role');
  }
}

async function fingerprints(
  client: Client,
  tables: readonly RowTable[],
  tenantId: string,
): Promise<Fingerprint[]> {
  await client.query('begin isolation level repeatable read read only');
  await client.query(`set local role strata_maintenance; ${fixedText}`);
  const found: Fingerprint[] = [];
  for (const table of tables) found.push(await fingerprint(readRows(client, table, { tenantId })));
  await client.query('commit');
  return found;
}
