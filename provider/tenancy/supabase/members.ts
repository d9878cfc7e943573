import type { Client } from 'pg';
import { quoteName } from '../../../components/tenancy/identifiers';
import type { Manifest } from '../export-folder';
import { handleProblems } from '../wanted';
import { people, type Column } from './source';
import type { Choices, PlannedTable } from './plan';

export type Member = Manifest['members'][number];

interface Members {
  /** Value of the tenant's column, '' where there is none. */
  readonly byTenant: ReadonlyMap<string, readonly Member[]>;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

interface Row extends Member {
  readonly value: string;
}

const since = `to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since`;

/** Roles there whose people manage a tenant here. */
const adminRoles = "('owner', 'admin')";

/**
 * Who belongs to which tenant: everybody to the only one, or as a table says with `user_id`, the tenant's column and, where
 * it has one, `role` (owner and admin are admins here). A person is the id and, by name, the e-mail address.
 */
export async function membersOf(
  client: Client,
  tenant: Choices['tenant'],
  there: ReadonlyMap<string, readonly Column[]>,
): Promise<Members> {
  const { rows: users } = await client.query<{ handle: string; confirmed: boolean }>(
    `select p.handle, p.confirmed from ${people} as p`,
  );
  const problems = users.flatMap(({ handle }) => handleProblems(handle));
  const unconfirmed = users.filter(({ confirmed }) => !confirmed).length;
  const notes =
    unconfirmed > 0
      ? [`${unconfirmed} of the ${users.length} people never confirmed their address`]
      : [];
  if ('slug' in tenant) {
    const { rows } = await client.query<Row>(
      `select '' as value, p.id, p.handle, case when p.handle = any ($1::text[]) then 'admin' else 'member' end as role,
         ${since} from ${people} as p`,
      [tenant.admins],
    );
    const handles = rows.map(({ handle }) => handle);
    problems.push(
      ...tenant.admins
        .filter((one) => !handles.includes(one))
        .map((one) => `nobody there is called ${one} (--admin)`),
    );
    return { byTenant: grouped(rows), problems, notes };
  }
  const columns = there.get(tenant.members)?.map(({ name }) => name) ?? [];
  const missing = ['user_id', tenant.column].filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    problems.push(
      `public.${tenant.members} is to say who belongs to which tenant (--members), and has no ${missing.join(' and no ')}`,
    );
    return { byTenant: new Map(), problems, notes };
  }
  const role = columns.includes('role')
    ? `case when bool_or(m.role::text in ${adminRoles}) then 'admin' else 'member' end`
    : "'member'";
  const { rows } = await client.query<Row>(
    `select m.${quoteName(tenant.column)}::text as value, p.id, p.handle, ${role} as role, ${since}
     from public.${quoteName(tenant.members)} m join ${people} as p on p.id::text = m.user_id::text
     where m.${quoteName(tenant.column)} is not null group by 1, p.id, p.handle, p.created_at`,
  );
  const alone = users.length - new Set(rows.map(({ id }) => id)).size;
  return {
    byTenant: grouped(rows),
    problems,
    notes: alone > 0 ? [...notes, `${alone} people belong to no tenant, and do not come`] : notes,
  };
}

/** Rows that name somebody who is no member of their tenant: the reference to members would refuse them. */
export async function strangers(
  client: Client,
  tenant: Choices['tenant'],
  tables: readonly PlannedTable[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const { from, table, read } of tables) {
    if (from === undefined) continue;
    for (const column of table.people) {
      const value = read.get(column);
      if (!value?.startsWith('t.')) continue;
      const also =
        'slug' in tenant
          ? ''
          : `and exists (select from public.${quoteName(tenant.members)} m where m.user_id::text = p.id::text
               and m.${quoteName(tenant.column)}::text = t.${quoteName(tenant.column)}::text)`;
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from public.${quoteName(from)} t
         where ${value} is not null and not exists (select from ${people} as p where p.id::text = (${value})::text ${also})`,
      );
      const count = rows[0]?.count ?? 0;
      if (count > 0)
        problems.push(
          `${count} rows of public.${from} name in ${column} who is no member of their tenant`,
        );
    }
  }
  return problems;
}

function grouped(rows: readonly Row[]): Map<string, Member[]> {
  const byTenant = new Map<string, Member[]>();
  for (const { value, id, handle, role, since: from } of rows) {
    const its = byTenant.get(value) ?? [];
    byTenant.set(value, its);
    its.push({ id, handle, role, since: from });
  }
  return byTenant;
}
