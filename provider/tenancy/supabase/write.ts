import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteName } from '../../../components/tenancy/identifiers';
import {
  folderSink,
  manifestText,
  objectFile,
  rowsFile,
  writeManifest,
  type Contents,
  type Sink,
} from '../export-folder';
import { asMaintenance } from '../../database/connect';
import { registryUrl } from '../clusters';
import type { Platform } from '../provision';
import { rowTables } from '../rows';
import { RefusedError } from '../wanted';
import { fetchedFile } from './fetch-files';
import { noFiles, type PlannedFile, type PlannedFiles } from './files';
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
  planned: PlannedFiles = noFiles,
): Promise<string[]> {
  const problems = [...plan.problems, ...planned.problems];
  if (problems.length > 0) throw new RefusedError('Nothing was copied', problems);
  const [fileRows] = await asMaintenance(registryUrl(platform.clusters), (registry) =>
    rowTables(registry, [{ name: 'storage.files', at: 'storage.files' }]),
  );
  const written: string[] = [];
  for (const tenant of plan.tenants) {
    const own = path.join(folder, tenant.slug);
    const sink = await folderSink(own);
    const tables: Contents['tables'] = [];
    for (const each of plan.tables) {
      const { name, columns } = each.table;
      const found = await sink.write(rowsFile(name), rowsOf(client, each, tenant, column));
      const expected = each.rows.get(tenant.value ?? '') ?? 0;
      if (found.rows !== expected) {
        throw new Error(
          `${name} of ${tenant.slug}: ${found.rows} rows were read, and ${expected} were counted`,
        );
      }
      tables.push({ name, columns: [...columns], ...found });
    }
    const files = planned.byTenant.get(tenant.slug) ?? [];
    const objects = await writeObjects(sink, folder, files);
    const columns = fileRows?.columns ?? [];
    const rows = await sink.write(
      rowsFile('storage.files'),
      fileRowsOf(client, columns, files, objects),
    );
    tables.push({ name: 'storage.files', columns: [...columns], ...rows });
    const { slug, id = randomUUID(), members } = tenant;
    const text = manifestText({
      format: 'strata tenant 1',
      tenant: { id, slug, name: slug },
      anonymised: false,
      members: [...members],
      tables,
      objects,
    });
    await writeManifest(own, text);
    written.push(own);
  }
  return written;
}

async function writeObjects(
  sink: Sink,
  folder: string,
  files: readonly PlannedFile[],
): Promise<Contents['objects']> {
  const objects: Contents['objects'] = [];
  for (const { id } of files) {
    const from = createReadStream(fetchedFile(folder, { id }));
    const { bytes, sha256 } = await sink.write(objectFile(id), from);
    objects.push({ id, bytes, sha256 });
  }
  return objects;
}

/** Rows of `storage.files`. Who may see a file was decided by policies there: here its owner and admins, until they say more. */
function fileRowsOf(
  client: Client,
  columns: readonly string[],
  files: readonly PlannedFile[],
  objects: Contents['objects'],
): Readable {
  if (files.length === 0) return Readable.from([]);
  const rows = files.map(({ id, name, mimeType, bytes, owner, createdAt }, index) => ({
    id,
    name,
    mime_type: mimeType,
    size: bytes,
    owner_id: owner,
    created_at: createdAt,
    visibility: 'private',
    status: 'ready',
    sha256: objects[index]?.sha256,
    expires_at: null,
  }));
  const text = client.escapeLiteral(JSON.stringify(rows));
  return client.query(
    copyTo(
      `copy (select ${columns.map(quoteName).join(', ')} from jsonb_to_recordset(${text}::jsonb) as f (id uuid, name text,
         mime_type text, size bigint, owner_id uuid, created_at timestamptz, visibility text, status text, sha256 text,
         expires_at timestamptz) order by id) to stdout`,
    ),
  );
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
