import type { PoolClient } from 'pg';
import { appSchema, isWithRegistry } from '../../../../tenancy/places';
import type { RealtimeRules } from '../../../../tenancy/realtime';
import { Memory } from '../../shared/memory';
import type { Places, TenantDatabase } from '../../shared/tenant-database/places';
import { databaseClaims, type Session } from '../../shared/token';
import type { Change } from './change';
import { readableColumns, rowsAt, type Column, type Relation, type Row } from './reading';
import { couldRead } from './rule';

/** A migration may add columns and take others away. */
const columnsMs = 5_000;
const mostTables = 10_000;

/**
 * What a session may be told of changes. The database decides, asked as that session under row level security: rows are
 * told as they are now, without hidden columns. Costs one transaction for each question.
 */
export class Visible {
  private readonly remembered = new Memory<readonly Column[]>({
    max: mostTables,
    ttlMs: columnsMs,
    missTtlMs: columnsMs,
  });

  /** `places` connects as `strata_authenticator`. */
  constructor(
    private readonly places: Pick<Places, 'of'>,
    private readonly tables: RealtimeRules['tables'],
  ) {}

  /**
   * Whether changes of a tenant's rows are heard of: where they are in the database with the registry. May change when
   * the tenant is moved. Throws `Refusal`, as `Places.of`.
   */
  async isHeard(tenantId: string): Promise<boolean> {
    return isWithRegistry((await this.places.of(tenantId)).place);
  }

  /** Columns of a table that the session may read, in their order; none of a table whose changes are not told. */
  async columns(session: Session, table: string): Promise<readonly Column[]> {
    if (!Object.hasOwn(this.tables, table)) return [];
    return this.as(session, (client, { place }) =>
      this.columnsOf(client, place.role, at(place.schema, table)),
    );
  }

  /**
   * For each change what the session may be told: the row, or of one that was deleted its key; undefined where it may not
   * see the row or it is gone. A statement for each table. Throws `Refusal`, as `Places.of`.
   */
  async rows(session: Session, changes: readonly Change[]): Promise<(Row | undefined)[]> {
    const own = changes.filter(
      ({ tenantId, table }) => tenantId === session.tenantId && Object.hasOwn(this.tables, table),
    );
    if (own.length === 0) return changes.map(() => undefined);
    const told = await this.as(session, async (client, { place }) => {
      const all = new Map<Change, Row>();
      for (const table of new Set(own.map((change) => change.table))) {
        const relation = at(place.schema, table);
        const columns = await this.columnsOf(client, place.role, relation);
        const named = own.filter(
          (change) => change.table === table && isNamedBy(change.key, columns),
        );
        for (const change of named) {
          if (this.mayHear(session, change)) all.set(change, change.key);
        }
        const there = named.filter(({ operation }) => operation !== 'DELETE');
        const rows = await rowsAt(client, relation, columns, there);
        rows.forEach((row, change) => all.set(change, row));
      }
      return all;
    });
    return changes.map((change) => told.get(change));
  }

  /** Of a row that is gone the database says nothing any more: the rule of reading does. */
  private mayHear(session: Session, { table, operation, owner }: Change): boolean {
    const rule = this.tables[table];
    return operation === 'DELETE' && rule !== undefined && couldRead(session, rule, owner);
  }

  private async columnsOf(
    client: PoolClient,
    role: string,
    relation: Relation,
  ): Promise<readonly Column[]> {
    const key = JSON.stringify([role, relation]);
    return (await this.remembered.ask(key, () => readableColumns(client, relation))) ?? [];
  }

  /** A transaction that reads as the session; its settings end with it, so nothing is left on the pooler's connection. */
  private async as<T>(
    session: Session,
    work: (client: PoolClient, database: TenantDatabase) => Promise<T>,
  ): Promise<T> {
    const database = await this.places.of(session.tenantId);
    if (!isWithRegistry(database.place)) {
      throw new Error('the rows of this tenant are in another database: ask isHeard before');
    }
    const settings = {
      ...database.settings,
      'request.jwt.claims': databaseClaims(session),
    };
    const client = await database.pool.connect();
    let failed = true;
    try {
      await client.query('begin read only');
      await client.query(
        'select set_config(one ->> 0, one ->> 1, true) from json_array_elements($1) one',
        [JSON.stringify(Object.entries(settings))],
      );
      const result = await work(client, database);
      await client.query('commit');
      failed = false;
      return result;
    } catch (error) {
      database.noticed(error);
      throw error;
    } finally {
      if (failed) await client.query('rollback').catch(() => undefined);
      client.release();
    }
  }
}

function at(schema: string, table: string): Relation {
  return { schema, name: table.slice(appSchema.length + 1) };
}

/** A key with a hidden column is told to nobody. */
function isNamedBy(key: Change['key'], columns: readonly Column[]): boolean {
  const names = new Set(columns.map(({ name }) => name));
  return names.size > 0 && Object.keys(key).every((name) => names.has(name));
}
