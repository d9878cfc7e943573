import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { type Finding, findingsOf, step } from './finding';
import { relationshipProblems } from './hasura-relationships';
import { isTenantSchema } from './names';

const finding = findingsOf(14);
const object = z.record(z.string(), z.unknown());

const permission = z.object({
  role: z.string(),
  permission: z.object({
    columns: z.union([z.literal('*'), z.array(z.string())]).optional(),
    filter: object.nullish(),
    check: object.nullish(),
    set: object.nullish(),
  }),
});

const named = z.union([
  z.string(),
  z.object({ schema: z.string().default('public'), name: z.string() }),
]);

const trackedTable = z.object({
  table: named,
  select_permissions: z.array(permission).default([]),
  insert_permissions: z.array(permission).default([]),
  update_permissions: z.array(permission).default([]),
  delete_permissions: z.array(permission).default([]),
  object_relationships: z.array(object).default([]),
  array_relationships: z.array(object).default([]),
  remote_relationships: z.array(object).default([]),
});
type TrackedTable = z.infer<typeof trackedTable>;
type Permission = z.infer<typeof permission>['permission'];

const model = z.object({
  name: z.string(),
  select_permissions: z.array(permission).default([]),
});

const source = z.object({
  tables: z.array(trackedTable).default([]),
  logical_models: z.array(model).default([]),
});
const metadata = z.object({ sources: z.array(source) });

/**
 * 14: in Hasura's metadata each permission of each role on each table keeps to the tenant of its session.
 *
 * Pure. `exported` is what `export_metadata` answers, with or without its resource version (version 3), `tables` the
 * declared ones with rows of tenants, `shared` those without. Throws `UserError` when it is no such metadata.
 */
export function hasuraFindings(
  exported: unknown,
  tables?: readonly string[],
  shared: readonly string[] = [],
): Finding[] {
  const inner = object.safeParse(exported).data?.metadata ?? exported;
  const parsed = metadata.safeParse(inner);
  if (!parsed.success) {
    throw new UserError(
      `this is no metadata of Hasura, version 3, as export_metadata answers it: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data.sources.flatMap(({ tables: tracked, logical_models: models }) => [
    ...tracked.flatMap((table) => [
      ...place(table, tables && [...tables, ...shared]),
      ...permissions(table, shared.includes(nameOf(table.table))),
      ...relationshipProblems(nameOf(table.table), table),
    ]),
    ...models.flatMap(({ name, select_permissions: given }) =>
      given.flatMap(({ role, permission: rules }) => read(`model ${name}`, role, 'select', rules)),
    ),
  ]);
}

function nameOf(table: z.infer<typeof named>): string {
  return typeof table === 'string' ? `public.${table}` : `${table.schema}.${table.name}`;
}

function place({ table }: TrackedTable, tables: readonly string[] | undefined): Finding[] {
  const name = nameOf(table);
  const schema = name.split('.')[0] ?? '';
  if (schema !== 'app' && isTenantSchema(schema)) {
    return [
      untracked(
        name,
        'hasura-tenant-schema',
        'it is in the schema of one tenant, whose second lock Hasura does not have',
      ),
    ];
  }
  if (schema !== 'app') {
    return [
      untracked(
        name,
        'hasura-foreign-table',
        'it is not one of the application: the platform keeps rows of all tenants there',
      ),
    ];
  }
  if (tables && !tables.includes(name)) {
    return [
      untracked(
        name,
        'hasura-undeclared',
        'tenancy.ts does not declare it, so nothing says who may read it',
      ),
    ];
  }
  return [];
}

function untracked(name: string, id: string, problem: string): Finding {
  return finding(id, name, problem, step(`untrack ${name} in Hasura (pg_untrack_table)`));
}

/** Rows that are no tenant's may be read by everybody; nobody writes them here. */
function permissions(table: TrackedTable, shared: boolean): Finding[] {
  const name = nameOf(table.table);
  return [
    ...(shared
      ? []
      : table.select_permissions.flatMap((one) => read(name, one.role, 'select', one.permission))),
    ...table.delete_permissions.flatMap((one) => read(name, one.role, 'delete', one.permission)),
    ...table.update_permissions.flatMap((one) => [
      ...read(name, one.role, 'update', one.permission),
      ...write(name, one.role, 'update', one.permission),
    ]),
    ...table.insert_permissions.flatMap((one) => write(name, one.role, 'insert', one.permission)),
  ];
}

function read(name: string, role: string, operation: string, { filter }: Permission): Finding[] {
  if (keepsToTenant(filter)) return [];
  return [
    finding(
      'hasura-filter',
      name,
      `${role} may ${operation} rows of every tenant: its filter is ${JSON.stringify(filter ?? {})}`,
      step(
        `${name}, ${operation} permission of ${role}: filter {"_and":[${anchor},${JSON.stringify(filter ?? {})}]}`,
      ),
    ),
  ];
}

function write(name: string, role: string, operation: string, rules: Permission): Finding[] {
  const { check, columns, set } = rules;
  const findings: Finding[] = [];
  if (!keepsToTenant(check)) {
    findings.push(
      finding(
        'hasura-check',
        name,
        `${role} may ${operation} a row that becomes another tenant's: its check is ${JSON.stringify(check ?? {})}`,
        step(
          `${name}, ${operation} permission of ${role}: check {"_and":[${anchor},${JSON.stringify(check ?? {})}]}`,
        ),
      ),
    );
  }
  const preset = isSessionTenant(set?.tenant_id);
  // An insert that names no columns may write all of them.
  const given = operation === 'insert' ? (columns ?? '*') : columns;
  const writable = !preset && (given === '*' || given?.includes('tenant_id') === true);
  // Where the client may not name the tenant, the database's default does.
  if (operation === 'insert' && writable) {
    findings.push(
      finding(
        'hasura-preset',
        name,
        `${role} inserts without the preset of tenant_id, so the client names the tenant`,
        step(`${name}, insert permission of ${role}: set {"tenant_id":"X-Hasura-Tenant-Id"}`),
      ),
    );
  }
  if (writable || (set?.tenant_id !== undefined && !preset)) {
    findings.push(
      finding(
        'hasura-column',
        name,
        `${role} may ${operation} tenant_id itself`,
        step(
          `${name}, ${operation} permission of ${role}: take tenant_id out of columns, which are named one by one`,
        ),
      ),
    );
  }
  return findings;
}

const anchor = '{"tenant_id":{"_eq":"X-Hasura-Tenant-Id"}}';

/** Whether a boolean expression of Hasura can hold for rows of the session's tenant only. */
function keepsToTenant(expression: unknown): boolean {
  const { data } = object.safeParse(expression);
  if (!data) return false;
  return Object.entries(data).some(([key, value]) => {
    if (key === 'tenant_id') return isSessionTenant(object.safeParse(value).data?._eq);
    const parts = Array.isArray(value) ? (value as unknown[]) : [];
    if (key === '_and' || key === '$and') return parts.some(keepsToTenant);
    if (key === '_or' || key === '$or') return parts.length > 0 && parts.every(keepsToTenant);
    return false;
  });
}

function isSessionTenant(value: unknown): boolean {
  return typeof value === 'string' && value.toLowerCase() === 'x-hasura-tenant-id';
}
