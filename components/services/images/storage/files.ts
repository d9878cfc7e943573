import type { Sql } from './database';

/** A file as its row says. */
export interface FileRow {
  readonly tenantId: string;
  readonly id: string;
  readonly ownerId: string | null;
  readonly name: string;
  readonly mimeType: string;
  /** Bytes. */
  readonly size: number;
  readonly visibility: 'private' | 'tenant' | 'public';
  readonly status: 'pending' | 'uploading' | 'ready' | 'missing' | 'deleting';
  readonly sha256: string | null;
  /** With microseconds, as the database writes it. */
  readonly createdAt: string;
}

export type NewFile = Pick<FileRow, 'name' | 'mimeType' | 'size' | 'visibility'>;

/** Where a page of the list ends. */
export interface Position {
  readonly createdAt: string;
  readonly id: string;
}

const columns = `tenant_id as "tenantId", id, owner_id as "ownerId", name, mime_type as "mimeType", size::float8 as size,
  visibility, status, sha256, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "createdAt"`;

/** Counts against the limits at once: raises 53400 where one would be exceeded. */
export function create(sql: Sql, file: NewFile): Promise<FileRow | undefined> {
  return one(
    sql,
    `insert into storage.files (name, mime_type, size, visibility) values ($1, $2, $3, $4) returning ${columns}`,
    [file.name, file.mimeType, file.size, file.visibility],
  );
}

export function find(sql: Sql, id: string): Promise<FileRow | undefined> {
  return one(sql, `select ${columns} from storage.files where id = $1`, [id]);
}

/** Newest first, finished files only. */
export async function list(
  sql: Sql,
  limit: number,
  after: Position | undefined,
): Promise<FileRow[]> {
  const { rows } = await sql.query<FileRow>(
    `select ${columns} from storage.files where status in ('ready', 'missing')
       and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
     order by created_at desc, id desc limit $1`,
    [limit, after?.createdAt ?? null, after?.id ?? null],
  );
  return rows;
}

/** Takes a pending file for the one upload that it may have; undefined when another one took it. */
export function claim(sql: Sql, id: string): Promise<FileRow | undefined> {
  return one(
    sql,
    `update storage.files set status = 'uploading' where id = $1 and status = 'pending' and expires_at > now()
     returning ${columns}`,
    [id],
  );
}

/** Undefined when the file was deleted or swept meanwhile. */
export function finish(sql: Sql, id: string, sha256: string): Promise<FileRow | undefined> {
  return one(
    sql,
    `update storage.files set status = 'ready', sha256 = $2 where id = $1 and status = 'uploading' returning ${columns}`,
    [id, sha256],
  );
}

/** From then on nobody downloads it; undefined when it is not the actor's to delete. */
export function markDeleting(sql: Sql, id: string): Promise<FileRow | undefined> {
  return one(
    sql,
    `update storage.files set status = 'deleting' where id = $1 returning ${columns}`,
    [id],
  );
}

/** The end of a row whose object is gone; false when somebody else has ended it. */
export async function drop(sql: Sql, id: string): Promise<boolean> {
  const deleted = "delete from storage.files where id = $1 and status = 'deleting'";
  return (await sql.query(deleted, [id])).rowCount === 1;
}

/** Marks up to 100 files that were never finished, and names those that are to be removed. */
export async function markUnfinished(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `update storage.files set status = 'deleting'
     where id in (select id from storage.files where expires_at < now() order by expires_at limit 100)
     returning id`,
  );
  return rows.map(({ id }) => id);
}

/** The next 500 rows in the order of their ids. */
export async function pageOfRows(
  sql: Sql,
  after: string,
): Promise<Pick<FileRow, 'id' | 'status' | 'size'>[]> {
  const { rows } = await sql.query<Pick<FileRow, 'id' | 'status' | 'size'>>(
    'select id, status, size::float8 as size from storage.files where id > $1 order by id limit 500',
    [after],
  );
  return rows;
}

/** Says of a finished file whether its object is there. */
export async function setMissing(sql: Sql, id: string, missing: boolean): Promise<void> {
  const [from, to] = missing ? ['ready', 'missing'] : ['missing', 'ready'];
  await sql.query('update storage.files set status = $3 where id = $1 and status = $2', [
    id,
    from,
    to,
  ]);
}

export type PublicFile = Pick<FileRow, 'tenantId' | 'id' | 'name' | 'mimeType' | 'size' | 'sha256'>;

/** A public file by its tenant's slug: what anybody may read. */
export function findPublic(sql: Sql, slug: string, id: string): Promise<PublicFile | undefined> {
  return one<PublicFile>(
    sql,
    `select tenant_id as "tenantId", id, name, mime_type as "mimeType", size::float8 as size, sha256
     from storage.public_file($1, $2)`,
    [slug, id],
  );
}

async function one<T extends object = FileRow>(
  sql: Sql,
  text: string,
  values: unknown[],
): Promise<T | undefined> {
  const { rows } = await sql.query<T>(text, values);
  return rows[0];
}
