import type { Actor, Database } from './database';
import { drop, find, markUnfinished, pageOfRows, setMissing, type FileRow } from './files';
import type { ObjectStore, StoredObject } from './store';

/** An object without a row is left alone this long: longer than any upload may take. */
const orphanAgeMs = 2 * 3_600_000;

/** What was put right. */
export interface Swept {
  unfinished: number;
  orphans: number;
  missing: number;
  found: number;
}

interface Parts {
  readonly database: Database;
  readonly store: ObjectStore;
  /** An object that is older may be an orphan; milliseconds. */
  readonly orphanAgeMs?: number;
}

/**
 * Puts rows and objects in step again after an interruption, in whatever order it came: from the row's side the files
 * that were never finished or only half deleted, from the object's side what no row knows. Several may run at once.
 */
export class Sweeper {
  constructor(private readonly parts: Parts) {}

  /** Removes what has expired. Cheap where there is nothing to do. */
  async sweep(): Promise<Swept> {
    const swept = nothing();
    for (const { tenant_id: tenantId, unfinished } of await this.tenants()) {
      if (unfinished) swept.unfinished += await this.sweepTenant(platform(tenantId));
    }
    return swept;
  }

  /** Compares every row with every object: reads the list of both. */
  async reconcile(): Promise<Swept> {
    const swept = nothing();
    for (const { tenant_id: tenantId } of await this.tenants()) {
      await this.compare(platform(tenantId), swept);
    }
    return swept;
  }

  private async tenants(): Promise<{ tenant_id: string; unfinished: boolean }[]> {
    const { rows } = await this.parts.database.asService((sql) =>
      sql.query<{ tenant_id: string; unfinished: boolean }>('select * from storage.tenants()'),
    );
    return rows;
  }

  private async sweepTenant(actor: Actor): Promise<number> {
    const { database, store } = this.parts;
    let ended = 0;
    for (const id of await database.asTenant(actor, markUnfinished)) {
      await store.remove(actor.tenantId, id);
      if (await database.asTenant(actor, (sql) => drop(sql, id))) ended += 1;
    }
    return ended;
  }

  /** Both lists are in the order of the ids, so one walk over both finds what only one of them has. */
  private async compare(actor: Actor, swept: Swept): Promise<void> {
    const rows = this.rows(actor);
    const objects = this.parts.store.list(actor.tenantId);
    let row = (await rows.next()).value;
    let object = (await objects.next()).value;
    while (row !== undefined || object !== undefined) {
      const order = compareIds(row?.id, object?.id);
      if (order > 0 && object) swept.orphans += await this.removeOrphan(actor, object);
      if (order < 0 && row?.status === 'ready') swept.missing += await this.mark(actor, row.id);
      if (order === 0 && row?.status === 'missing' && row.size === object?.size) {
        const { id } = row;
        await this.parts.database.asTenant(actor, (sql) => setMissing(sql, id, false));
        swept.found += 1;
      }
      if (order <= 0) row = (await rows.next()).value;
      if (order >= 0) object = (await objects.next()).value;
    }
  }

  private async *rows(
    actor: Actor,
  ): AsyncGenerator<Pick<FileRow, 'id' | 'status' | 'size'>, undefined> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const page = await this.parts.database.asTenant(actor, (sql) => pageOfRows(sql, after));
      yield* page;
      const last = page.at(-1);
      if (!last) return undefined;
      after = last.id;
    }
  }

  /** The lists were read one after the other, so both findings are looked at again before anything is done. */
  private async removeOrphan(actor: Actor, { id, modified }: StoredObject): Promise<number> {
    const { database, store } = this.parts;
    if (Date.now() - modified.getTime() < (this.parts.orphanAgeMs ?? orphanAgeMs)) return 0;
    const known = /^[0-9a-f-]{36}$/.test(id)
      ? await database.asTenant(actor, (sql) => find(sql, id))
      : undefined;
    if (known) return 0;
    await store.remove(actor.tenantId, id);
    return 1;
  }

  private async mark(actor: Actor, id: string): Promise<number> {
    if (await this.parts.store.has(actor.tenantId, id)) return 0;
    await this.parts.database.asTenant(actor, (sql) => setMissing(sql, id, true));
    return 1;
  }
}

/** The platform itself: an admin of the tenant without a user, which is what the audit log says then. */
function platform(tenantId: string): Actor {
  return { tenantId, role: 'tenant_admin' };
}

function nothing(): Swept {
  return { unfinished: 0, orphans: 0, missing: 0, found: 0 };
}

/** What is at its end comes after everything. */
function compareIds(row: string | undefined, object: string | undefined): number {
  if (row === object) return 0;
  if (row === undefined) return 1;
  if (object === undefined) return -1;
  return row < object ? -1 : 1;
}
