import type { Client } from 'pg';
import { anonymised } from '../../../components/tenancy/anonymise';
import { tableFor } from '../../../components/tenancy/audience';
import { tableOrder } from '../../../components/tenancy/order';
import { appSchema, isWithRegistry, type Place } from '../../../components/tenancy/places';
import { UserError } from '../../../engine/errors';
import { asMaintenance, withClient } from '../../database/connect';
import { describeSqlError } from '../../database/errors';
import { placeUrl, registryUrl } from '../clusters';
import { rowsFile, type Contents, type Manifest, type Sink } from '../export-folder';
import type { Source } from '../export-read';
import { provision, type Platform } from '../provision';
import {
  deleteRows,
  fingerprint,
  fixedText,
  readRows,
  rowTables,
  writeRows,
  type RowTable,
} from '../rows';
import { placeOfTenant, type Tenant } from '../tenant';
import { personalHandle, personId } from './persons';
import { eraseRows } from './postgres-erase';
import { postgresLeftovers } from './postgres-leftovers';
import { removeFromPostgres } from './postgres-remove';
import type { TenantStore } from './store';

/**
 * Rows: the declared tables at the tenant's place, and what the platform keeps for it on `main`: its people and the rows
 * of its finished files. Left out are API keys (a copy of one would be a second way in), what is counted from rows
 * (usage), unfinished uploads, and the platform's own records (audit log, events, jobs, ledgers, limits).
 */
export function postgresStore(platform: Platform): TenantStore {
  return {
    name: 'Postgres',
    provision: async (tenant) => {
      await provision(platform, tenant);
    },
    export: (tenant, to, { salt }) => exportRows(platform, tenant, to, salt),
    import: (tenant, from) => importRows(platform, tenant, from),
    remove: (tenant) => removeFromPostgres(platform, tenant),
    leftovers: (tenantId) => postgresLeftovers(platform.clusters, tenantId),
    erase: (tenant, { userId }) => eraseRows(platform, tenant, userId),
  };
}

/** The declared tables at a place, each after those that its rows refer to. */
export function declaredTables(
  { plan }: Platform,
  place: Pick<Place, 'schema'>,
): { name: string; at: string }[] {
  return tableOrder(plan.declaration).map((name) => ({ name, at: tableFor(name, place) }));
}

const files = { name: 'storage.files', at: 'storage.files' };

/** What lasts: an upload that is under way ends or is swept. */
const finished = "status in ('ready', 'missing')";

/**
 * In what the tables of an export are not those of this platform, a sentence each; none means that its rows fit. The
 * shared tables stand for those of every place.
 */
export function tableProblems(platform: Platform, { tables }: Manifest): Promise<string[]> {
  return asMaintenance(registryUrl(platform.clusters), async (client) => {
    const here = await rowTables(client, [
      ...declaredTables(platform, { schema: appSchema }),
      files,
    ]);
    const sent = new Map(tables.map((table) => [table.name, table]));
    return [
      ...tables
        .filter(({ name }) => !here.some((table) => table.name === name))
        .map(({ name }) => `this platform has no table ${name}`),
      ...here.flatMap(({ name, columns }) => {
        const found = sent.get(name);
        if (!found) return [`the export has no table ${name}`];
        const same = JSON.stringify(found.columns) === JSON.stringify(columns);
        return same
          ? []
          : [
              `${name} has the columns ${columns.join(', ')} here and ${found.columns.join(', ')} in the export`,
            ];
      }),
    ];
  });
}

async function exportRows(
  platform: Platform,
  tenant: Tenant,
  to: Sink,
  salt: string | undefined,
): Promise<Partial<Contents>> {
  const place = placeOfTenant(tenant);
  return snapshot(placeUrl(platform.clusters, place), (rows) => {
    const all = async (registry: Client): Promise<Partial<Contents>> => {
      const tables: Contents['tables'] = [];
      const write = async (client: Client, table: RowTable, where?: string): Promise<void> => {
        const instead = salt === undefined ? undefined : replacements(platform, table, salt);
        const selection = { tenantId: tenant.id, where, ...(instead && { instead }) };
        const written = await to.write(rowsFile(table.name), readRows(client, table, selection));
        tables.push({ name: table.name, columns: [...table.columns], ...written });
      };
      const members = await membersOf(registry, tenant.id, salt);
      for (const table of await rowTables(rows, declaredTables(platform, place))) {
        await write(rows, table);
      }
      const [fileTable] = await rowTables(registry, [files]);
      // Nobody knows what is in a file: an anonymised copy has none.
      if (fileTable) await write(registry, fileTable, salt === undefined ? finished : 'false');
      return { members, tables };
    };
    return isWithRegistry(place) ? all(rows) : snapshot(registryUrl(platform.clusters), all);
  });
}

function replacements(
  { plan }: Platform,
  { name, people }: RowTable,
  salt: string,
): ReadonlyMap<string, string> {
  const rules = plan.declaration.tables[name];
  const persons = rules?.owner === undefined ? people : [...people, rules.owner];
  return new Map<string, string>([
    ...persons.map((column) => [column, personId(column, salt)] as const),
    ...anonymised(rules ?? {}, salt),
  ]);
}

async function membersOf(
  client: Client,
  tenantId: string,
  salt: string | undefined,
): Promise<Contents['members']> {
  const [id, handle] =
    salt === undefined ? ['user_id', 'handle'] : [personId('user_id', salt), personalHandle(salt)];
  const { rows } = await client.query<Contents['members'][number]>(
    `select ${id} as id, ${handle} as handle, m.role,
       to_char(m.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since
     from registry.members m join registry.users u on u.id = m.user_id where m.tenant_id = $1`,
    [tenantId],
  );
  return rows;
}

/** One transaction for each database: all rows of it are there, or none. */
async function importRows(platform: Platform, tenant: Tenant, from: Source): Promise<void> {
  const place = placeOfTenant(tenant);
  const own = declaredTables(platform, place);
  const both = isWithRegistry(place);
  await replaceRows(placeUrl(platform.clusters, place), tenant, from, both ? [files, ...own] : own);
  if (!both) await replaceRows(registryUrl(platform.clusters), tenant, from, [files]);
}

async function replaceRows(
  url: string,
  tenant: Tenant,
  from: Source,
  names: readonly { name: string; at: string }[],
): Promise<void> {
  await asMaintenance(url, async (client) => {
    await client.query(fixedText);
    const tables = await rowTables(client, names);
    await deleteRows(client, tables, tenant.id);
    for (const table of tables) {
      await writeRows(client, table, tenant.id, from.open(rowsFile(table.name)));
    }
    await client.query('set constraints all immediate').catch((error: unknown) => {
      throw describeSqlError(error, 'rows of the export', '');
    });
    for (const table of tables) await verify(client, table, tenant, from);
    // Functions and listeners are told what changes, and nothing of an import is new.
    await client.query('delete from outbox.events where tenant_id = $1', [tenant.id]);
    await client.query('delete from realtime.changes where tenant_id = $1', [tenant.id]);
  });
}

/** Rows are read back: a trigger may have written something else than was sent. */
async function verify(
  client: Client,
  table: RowTable,
  tenant: Tenant,
  from: Source,
): Promise<void> {
  const wanted = from.manifest.tables.find(({ name }) => name === table.name);
  const found = await fingerprint(readRows(client, table, { tenantId: tenant.id }));
  if (found.rows === wanted?.rows && found.sha256 === wanted.sha256) return;
  throw new UserError(
    `${table.name} has ${found.rows} rows after the import of ${wanted?.rows ?? 0}, and not the ones that were sent: ` +
      'something writes to it meanwhile. Let its own triggers do nothing for current_user strata_maintenance; ' +
      'nothing of this table was kept',
  );
}

/** Everything that `work` reads is of one moment. */
function snapshot<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local role strata_maintenance');
    await client.query(fixedText);
    const result = await work(client);
    await client.query('commit');
    return result;
  });
}
