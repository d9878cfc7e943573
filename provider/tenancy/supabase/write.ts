import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteName } from '../../../components/tenancy/identifiers';
import { folderSink, manifestText, rowsFile, writeManifest, type Contents } from '../export-folder';
import { asMaintenance } from '../../database/connect';
import { registryUrl } from '../clusters';
import type { Platform } from '../provision';
import { rowTables } from '../rows';
import { RefusedError } from '../wanted';
import type { Plan, PlannedTable, PlannedTenant } from './plan';

/**
 * Writes each tenant of a plan as an export of it, in a folder of its name below `folder`: `tenants import` then makes the
 * tenant, in whatever model, all of it or nothing. `client` is in the transaction that the plan was made in. Throws when a
 * table has not as many rows as were planned, and one sentence when a folder has something in it already.
 */
export async function writeTenants(
  client: Client,
  platform: Platform,
  plan: Plan,
  column: string | undefined,
  folder: string,
): Promise<string[]> {
  if (plan.problems.length > 0) throw new RefusedError('Nothing was copied', plan.problems);
  const [files] = await asMaintenance(registryUrl(platform.clusters), (registry) =>
    rowTables(registry, [{ name: 'storage.files', at: 'storage.files' }]),
  );
  const written: string[] = [];
  for (const tenant of plan.tenants) {
    const own = path.join(folder, tenant.slug);
    const sink = await folderSink(own);
    const tables: Contents['tables'] = [];
    for (const planned of plan.tables) {
      const { name, columns } = planned.table;
      const found = await sink.write(rowsFile(name), rowsOf(client, planned, tenant, column));
      const expected = planned.rows.get(tenant.value ?? '') ?? 0;
      if (found.rows !== expected) {
        throw new Error(
          `${name} of ${tenant.slug}: ${found.rows} rows were read, and ${expected} were counted`,
        );
      }
      tables.push({ name, columns: [...columns], ...found });
    }
    // Files are not copied; the platform's own table of them is a part of every export.
    const none = await sink.write(rowsFile('storage.files'), Readable.from([]));
    tables.push({ name: 'storage.files', columns: [...(files?.columns ?? [])], ...none });
    const { slug, id = randomUUID(), members } = tenant;
    const text = manifestText({
      format: 'strata tenant 1',
      tenant: { id, slug, name: slug },
      anonymised: false,
      members: [...members],
      tables,
      objects: [],
    });
    await writeManifest(own, text);
    written.push(own);
  }
  return written;
}

/** In the order in which an import reads them back to compare: that of the key. */
function rowsOf(
  client: Client,
  { table, from, read }: PlannedTable,
  { value }: PlannedTenant,
  column: string | undefined,
): Readable {
  if (from === undefined) return Readable.from([]);
  const output = table.columns.map((name) => `${read.get(name) ?? 'null'} as ${quoteName(name)}`);
  const order = table.key.map(
    ({ column: key, isText }) => `r.${quoteName(key)}${isText ? ' collate "C"' : ''}`,
  );
  const whose =
    column === undefined || value === undefined
      ? 'true'
      : `t.${quoteName(column)}::text = ${client.escapeLiteral(value)}`;
  return client.query(
    copyTo(
      `copy (select r.* from (select ${output.join(', ')} from public.${quoteName(from)} t where ${whose}) as r
         ${order.length > 0 ? `order by ${order.join(', ')}` : ''}) to stdout`,
    ),
  );
}
