import type { Client } from 'pg';
import { compileTenancy } from '../../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../../components/tenancy/declaration';
import { hasuraRules } from '../../../components/tenancy/hasura';
import { hasuraMetadata } from '../../../components/tenancy/hasura-metadata';
import { putUp } from './declared';
import {
  holds,
  permitted,
  presets,
  type ModelledTable,
  type Row,
  type Session,
} from './hasura-model';

/** Sessions of a superuser, of the authenticator and of Hasura's login. */
export interface Doors {
  readonly admin: Client;
  readonly tenants: Client;
  readonly hasura: Client;
}

interface Login {
  readonly as: 'tenant' | 'hasura';
  readonly client: Client;
}

/** One declaration, in the database of `makeRandomTables` and in the model. */
export class Estate {
  private constructor(
    private readonly doors: Doors,
    readonly declaration: TenancyDeclaration,
    private readonly columns: Readonly<Record<string, readonly string[]>>,
    private readonly tables: ReadonlyMap<string, ModelledTable>,
    private readonly rows: ReadonlyMap<string, readonly Row[]>,
  ) {}

  static async of(doors: Doors, declaration: TenancyDeclaration): Promise<Estate> {
    const { admin } = doors;
    await putUp(admin, compileTenancy(declaration));
    const all = [...Object.keys(declaration.tables), ...Object.keys(declaration.shared ?? {})];
    const found = await admin.query<{ table: string; columns: string[] }>(
      `select attrelid::regclass::text as table, array_agg(attname::text order by attnum) as columns
       from pg_attribute where attrelid = any ($1::regclass[]) and attnum > 0 and not attisdropped group by 1`,
      [all],
    );
    const columns = Object.fromEntries(found.rows.map((one) => [one.table, one.columns]));
    const rows = new Map<string, readonly Row[]>();
    for (const table of all) {
      rows.set(table, (await admin.query<Row>(`select * from ${table}`)).rows);
    }
    const [source] = hasuraMetadata(hasuraRules(declaration), columns).sources;
    const tables = new Map(source.tables.map((one) => [`app.${one.table.name}`, one]));
    return new Estate(doors, declaration, columns, tables, rows);
  }

  get names(): string[] {
    return [...this.rows.keys()];
  }

  /** What a query answers. */
  queried(table: string, session: Session): { columns: readonly string[]; rows: Row[] } {
    const rules = permitted(this.tables.get(table), 'select', session);
    if (!rules) return { columns: [], rows: [] };
    const rows = this.rows.get(table)?.filter((row) => holds(rules.filter, row, session)) ?? [];
    return { columns: rules.columns ?? [], rows };
  }

  /** What somebody may read of a table according to Postgres. */
  async read(
    table: string,
    session: Session,
  ): Promise<{ columns: readonly string[]; rows: Row[] }> {
    const granted = await this.doors.admin.query<{ name: string }>(
      `select attname::text as name from unnest($2::text[]) attname
       where has_column_privilege('strata_tenant', $1::regclass, attname, 'select')`,
      [table, this.columns[table]],
    );
    const columns = granted.rows.map(({ name }) => name);
    if (columns.length === 0) return { columns: [], rows: [] };
    const rows = await attempt(this.tenants, session, `select ${columns.join(', ')} from ${table}`);
    return { columns, rows: rows ?? [] };
  }

  /** How many rows Hasura's statement changes in a mutation, which has its filter and passes row level security. */
  async mutated(command: 'update' | 'delete', table: string, session: Session): Promise<number> {
    const rules = permitted(this.tables.get(table), command, session);
    const column = command === 'update' ? rules?.columns?.find(isText) : 'any';
    if (!rules || column === undefined) return 0;
    const ids = this.rows
      .get(table)
      ?.filter((row) => holds(rules.filter, row, session))
      .map((row) => row.id);
    const text =
      command === 'update'
        ? `update ${table} set ${column} = 'new' where id = any ($1) returning 1`
        : `delete from ${table} where id = any ($1) returning 1`;
    return (await attempt(this.hasura, session, text, [ids]))?.length ?? 0;
  }

  /** How many a tenant's own statement changes, which says nothing of whose rows. */
  async changed(command: 'update' | 'delete', table: string, session: Session): Promise<number> {
    const column = this.columns[table]?.find(
      (name) => isText(name) && this.writable(table).includes(name),
    );
    if (command === 'update' && column === undefined) return 0;
    const statement =
      command === 'update' ? `update ${table} set ${column ?? ''} = 'new'` : `delete from ${table}`;
    // Their number is wanted and not their columns, some of which nobody may see.
    const text = `with done as (${statement} returning 1) select 1 from done`;
    return (await attempt(this.tenants, session, text))?.length ?? 0;
  }

  /** Whether a row of somebody's may be added, in the model and in a mutation. */
  async added(table: string, session: Session, owner: string): Promise<[boolean, boolean]> {
    const rules = permitted(this.tables.get(table), 'insert', session);
    if (!rules) return [false, false];
    const given = {
      ...(rules.columns?.includes('owner_id') && { owner_id: owner }),
      ...presets(rules, session),
    };
    const defaults = {
      tenant_id: session['x-hasura-tenant-id'],
      owner_id: session['x-hasura-user-id'],
    };
    const columns = Object.keys(given);
    const text = columns.length
      ? `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, at) => `$${String(at + 1)}`).join(', ')})`
      : `insert into ${table} default values`;
    const there = await attempt(this.hasura, session, text, Object.values(given));
    return [holds(rules.check, { ...defaults, ...given }, session), there !== undefined];
  }

  private get tenants(): Login {
    return { as: 'tenant', client: this.doors.tenants };
  }

  private get hasura(): Login {
    return { as: 'hasura', client: this.doors.hasura };
  }

  private writable(table: string): readonly string[] {
    const { columns, hidden = [] } = this.declaration.tables[table] ?? {};
    return columns ?? (this.columns[table] ?? []).filter((name) => !hidden.includes(name));
  }
}

/** Runs one statement as somebody and takes it back; undefined when it was refused. */
async function attempt(
  { as: how, client }: Login,
  session: Session,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[] | undefined> {
  await client.query('begin');
  try {
    await (how === 'hasura'
      ? client.query(`select set_config('hasura.user', $1, true)`, [JSON.stringify(session)])
      : client.query(
          `select set_config('role', 'strata_tenant', true), set_config('request.jwt.claims', $1, true)`,
          [JSON.stringify({ 'https://hasura.io/jwt/claims': session })],
        ));
    return (await client.query<Row>(text, [...values])).rows;
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    return undefined;
  } finally {
    await client.query('rollback');
  }
}

const isText = (column: string): boolean => ['body', 'name'].includes(column);
