import type { Database } from '../../../components/services/images/functions/api';

/** What the caller is told instead of a file; nothing in it is the keeper's own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A file as it came. */
export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A row of `stored_files`. */
export interface Stored {
  readonly id: string;
  readonly name: string;
  readonly mime_type: string;
  /** Bytes. */
  readonly size: number;
  readonly reference: string;
}

/**
 * Answers `POST /functions/<name>?name=<file name>`, whose body is the file, with 201 and its row; `GET
 * /functions/<name>/<id>` with the file. Whatever a function refuses by `Refused` becomes the answer.
 */
export async function answered(
  request: Request,
  {
    upload,
    download,
  }: {
    readonly upload: (file: Upload) => Promise<Stored>;
    readonly download: (id: string) => Promise<Response>;
  },
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const id = /^\/functions\/[a-z0-9-]+\/([0-9a-f-]{36})$/.exec(pathname)?.[1];
  try {
    if (request.method === 'POST' && id === undefined) {
      const {
        id: made,
        name,
        mime_type,
        size,
      } = await upload(await uploadIn(request, searchParams));
      return Response.json({ id: made, name, mimeType: mime_type, size }, { status: 201 });
    }
    if (request.method === 'GET' && id !== undefined) return await download(id);
    throw new Refused(404, 'not_found', 'ask by POST /?name=… or GET /<id>');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, code, message } = error;
    return Response.json({ error: { code, message } }, { status });
  }
}

async function uploadIn(request: Request, query: URLSearchParams): Promise<Upload> {
  const name = query.get('name') ?? '';
  // No path, and nothing that could end a header.
  if (!/^[^/\\\p{C}\p{Zl}\p{Zp}]{1,255}$/u.test(name)) {
    throw new Refused(400, 'name_invalid', '?name= is a file name of 1 to 255 characters');
  }
  const type = request.headers.get('content-type') ?? '';
  const mimeType = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (!/^[a-z0-9.+-]{1,63}\/[a-z0-9.+-]{1,63}$/.test(mimeType)) {
    throw new Refused(415, 'type_invalid', 'Content-Type is a type such as image/png');
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length === 0) throw new Refused(400, 'empty', 'the body is the file, and it is empty');
  return { name, mimeType, bytes };
}

/** Adds the row as the caller: tenant, owner and rights are the policies'. */
export async function keep(
  db: Database,
  store: string,
  id: string,
  file: Upload,
  reference: string,
) {
  const { name, mimeType, bytes } = file;
  const [row] = await db.query<Stored>(
    `insert into stored_files (id, store, name, mime_type, size, reference)
     values ($1, $2, $3, $4, $5, $6) returning id, name, mime_type, size::int, reference`,
    [id, store, name, mimeType, bytes.length, reference],
  );
  if (!row) throw new Error('the row was not returned');
  return row;
}

/** The row, where the caller may see it: another tenant's is as if it were not there. */
export async function find(db: Database, store: string, id: string): Promise<Stored> {
  const [row] = await db.query<Stored>(
    'select id, name, mime_type, size::int, reference from stored_files where id = $1 and store = $2',
    [id, store],
  );
  if (!row) throw new Refused(404, 'not_found', 'there is no such file');
  return row;
}

/**
 * Asks the keeper of the files. Its words, and those of errors on the way, may hold what it was asked with (a bot's token
 * stands in the address), so only the status is told.
 */
export async function ask(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, redirect: 'error' }).catch(() => undefined);
  if (answer?.ok) return answer;
  await answer?.body?.cancel();
  const said = answer ? `answered with status ${answer.status}` : 'did not answer';
  throw new Refused(502, 'store_failed', `what keeps the files ${said}`);
}

/** At most so many bytes of an answer. */
export async function bytesOf(answer: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > most) throw new Refused(502, 'store_failed', 'what keeps the files sent too much');
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Headers of a file that anybody may have made: a browser saves it, and never runs it as a page of ours. */
export function attachment({ name, mime_type }: Stored): Record<string, string> {
  return {
    'content-type': mime_type,
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escaped)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'private, no-store',
  };
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** A keeper's short answer, as JSON. */
export async function jsonOf(answer: Response): Promise<Record<string, unknown>> {
  const text = Buffer.from(await bytesOf(answer, 100_000)).toString();
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    throw new Refused(
      502,
      'store_failed',
      'what keeps the files answered with what cannot be read',
    );
  }
}
