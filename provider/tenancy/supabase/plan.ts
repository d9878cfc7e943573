import type { Client } from 'pg';
import { quoteName } from '../../../components/tenancy/identifiers';
import { appSchema, isTenantId } from '../../../components/tenancy/places';
import { asMaintenance } from '../../database/connect';
import { registryUrl } from '../clusters';
import type { Platform } from '../provision';
import { rowTables, type RowTable } from '../rows';
import { declaredTables } from '../stores/postgres';
import { slugProblems } from '../wanted';
import { matchColumns, type Columns } from './columns';
import { tablesIn, type Column } from './source';
import { membersOf, strangers, type Member } from './members';

/** How rows find their tenant, and what is not to come. */
export interface Choices {
  /** All rows are one tenant's, whose slug this is, and everybody is a member; or the column that says whose a row is. */
  readonly tenant:
    | { readonly slug: string; readonly admins: readonly string[] }
    | { readonly column: string; readonly members: string };
  /** Value of the column → slug. A value that is not here is the slug itself. */
  readonly slugs: Readonly<Record<string, string>>;
  /** `table` or `table.column`. */
  readonly leave: readonly string[];
}

/** A tenant that the project has. */
export interface PlannedTenant {
  readonly slug: string;
  /** Of the column; undefined where all rows are one tenant's. */
  readonly value: string | undefined;
  /** What the project calls it, where that is a uuid. */
  readonly id: string | undefined;
  readonly members: readonly Member[];
}

/** A table of the application; `from` is what it is called there, where it is there. */
export interface PlannedTable {
  readonly table: RowTable;
  readonly from: string | undefined;
  readonly read: ReadonlyMap<string, string>;
  /** Value of the tenant's column ('' where there is none) → rows. */
  readonly rows: ReadonlyMap<string, number>;
}

export interface Plan {
  readonly tenants: readonly PlannedTenant[];
  readonly tables: readonly PlannedTable[];
  /** Whole sentences; nothing is copied while there are any. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** What of the tables here a plan has to know. */
interface Here {
  readonly tables: readonly RowTable[];
  readonly columns: ReadonlyMap<string, readonly Column[]>;
}

/**
 * Compares a project with the application's tables: what goes where, how many rows, and everything that stands in the
 * way. Reads alone. `client` is in a transaction of `readProject`.
 */
export async function planImport(
  client: Client,
  platform: Platform,
  choices: Choices,
): Promise<Plan> {
  const here = await asMaintenance(
    registryUrl(platform.clusters),
    async (registry): Promise<Here> => ({
      tables: await rowTables(registry, declaredTables(platform, { schema: appSchema })),
      columns: await tablesIn(registry, appSchema),
    }),
  );
  const there = await tablesIn(client, 'public');
  const column = 'column' in choices.tenant ? choices.tenant.column : undefined;
  const left = new Set(choices.leave);
  const problems: string[] = [];
  const notes: string[] = [];
  const tables: PlannedTable[] = [];
  for (const table of here.tables) {
    const from = table.name.slice(appSchema.length + 1);
    const source = left.has(from) ? undefined : there.get(from);
    if (!source) {
      notes.push(
        `${table.name} stays empty: ${left.has(from) ? 'it is left behind' : `there is no public.${from}`}`,
      );
      tables.push({ table, from: undefined, read: new Map(), rows: new Map() });
      continue;
    }
    const matched = match(table, from, source, here, column, left);
    notes.push(...matched.notes);
    problems.push(...matched.problems);
    const found = { table, from, read: matched.read };
    tables.push({
      ...found,
      rows: matched.problems.length === 0 ? await countRows(client, from, column) : new Map(),
    });
  }
  problems.push(...unknownTables(there, tables, choices, left));
  if (problems.length > 0) return { tenants: [], tables, problems, notes };

  const values = column === undefined ? [''] : valuesOf(tables, problems);
  const members = await membersOf(client, choices.tenant, there);
  problems.push(...members.problems, ...(await strangers(client, choices.tenant, tables)));
  const tenants = [...new Set([...values, ...members.byTenant.keys()])].sort().map((value) => {
    const slug = 'slug' in choices.tenant ? choices.tenant.slug : (choices.slugs[value] ?? value);
    const its = members.byTenant.get(value) ?? [];
    problems.push(
      ...slugProblems(slug).map((problem) => `${problem} (--tenants names another one)`),
    );
    if (!its.some(({ role }) => role === 'admin')) problems.push(`${slug} would have no admin`);
    const id = isTenantId(value) ? value : undefined;
    return { slug, value: column === undefined ? undefined : value, id, members: its };
  });
  const slugs = tenants.map(({ slug }) => slug);
  if (new Set(slugs).size < slugs.length) problems.push('two tenants would have one slug');
  return { tenants, tables, problems, notes: [...notes, ...members.notes] };
}

function match(
  table: RowTable,
  from: string,
  there: readonly Column[],
  here: Here,
  column: string | undefined,
  left: ReadonlySet<string>,
): Columns {
  const kept = there.filter(({ name }) => !left.has(`${from}.${name}`));
  const own = (here.columns.get(from) ?? []).filter(({ name }) => table.columns.includes(name));
  const placed = column === undefined ? [] : [column];
  const matched = matchColumns(from, kept, own, placed);
  if (column === undefined || there.some(({ name }) => name === column)) return matched;
  const lost = `public.${from} has no column ${column}, so nobody knows whose its rows are: add it there, or --leave ${from}`;
  return { ...matched, problems: [...matched.problems, lost] };
}

async function countRows(
  client: Client,
  from: string,
  column: string | undefined,
): Promise<Map<string, number>> {
  const value = column === undefined ? "''" : `${quoteName(column)}::text`;
  const { rows } = await client.query<{ value: string | null; count: number }>(
    `select ${value} as value, count(*)::int as count from public.${quoteName(from)} group by 1`,
  );
  // A null has no text of its own, and no value is this one.
  return new Map(rows.map(({ value: of, count }) => [of ?? nobodys, count]));
}

const nobodys = '\u0000';

function valuesOf(tables: readonly PlannedTable[], problems: string[]): string[] {
  for (const { from = '', rows } of tables) {
    const lost = rows.get(nobodys);
    if (lost !== undefined)
      problems.push(`${lost} rows of public.${from} say of no tenant that they are its`);
  }
  return tables.flatMap(({ rows }) => [...rows.keys()]).filter((value) => value !== nobodys);
}

function unknownTables(
  there: ReadonlyMap<string, unknown>,
  tables: readonly PlannedTable[],
  { tenant }: Choices,
  left: ReadonlySet<string>,
): string[] {
  const known = new Set([
    ...tables.map(({ from }) => from),
    'members' in tenant ? tenant.members : undefined,
  ]);
  return [...there.keys()]
    .filter((name) => !known.has(name) && !left.has(name))
    .map(
      (name) =>
        `public.${name} has no place here: declare app.${name} in tenancy.ts, or leave it behind (--leave ${name})`,
    );
}
