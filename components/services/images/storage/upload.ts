import type { IncomingMessage } from 'node:http';
import type { Actor, Database } from './database';
import { claim, drop, find, finish, markDeleting, type FileRow } from './files';
import { feed, Inspector } from './inspector';
import { Refusal } from '../shared/refusal';
import { notFound } from './refusal';
import type { Scanner } from './scanner';
import type { ObjectStore } from './store';

export interface Storage {
  readonly database: Database;
  readonly store: ObjectStore;
  /** Where files are searched for viruses; they are not when not given. */
  readonly scanner?: Scanner | undefined;
}

/**
 * Receives the content of a file that was announced: pending → uploading → ready. A file has one upload; one that fails
 * takes the file with it. It is searched for viruses between the last byte and `finish`, where nobody can read it yet:
 * from the store, so that a slow upload keeps no thread of the scanner waiting. An end of this process in between leaves
 * a row that the sweeper finds.
 */
export async function upload(
  { database, store, scanner }: Storage,
  actor: Actor,
  id: string,
  request: IncomingMessage,
  seconds: number,
): Promise<FileRow> {
  const file = await take(database, actor, id, request);
  try {
    const sha256 = await pass(store, file, request, seconds);
    if (scanner) await search(scanner, store, file, request);
    const done = await database.asTenant(actor, (sql) => finish(sql, id, sha256));
    if (done) return done;
    throw new Refusal(409, 'file_deleted', 'the file was deleted while it was uploaded');
  } catch (error) {
    // What this cannot do now is done by the sweeper.
    await abandon({ database, store }, actor, id).catch(() => undefined);
    throw error;
  }
}

/** Nothing moves on the caller's connection meanwhile, which is no reason to close it. */
async function search(
  scanner: Scanner,
  store: ObjectStore,
  { tenantId, id, ownerId, size }: FileRow,
  { socket }: IncomingMessage,
): Promise<void> {
  socket.setTimeout(0);
  const content = await store.get(tenantId, id, undefined);
  await scanner.check(content, size, { tenant: tenantId, user: ownerId ?? '', file: id });
}

/** Removes the object, then the row. Running it again, from wherever it stopped, ends the same. */
export async function remove(
  { database, store }: Storage,
  actor: Actor,
  id: string,
): Promise<void> {
  const marked = await database.asTenant(actor, async (sql) => {
    const seen = await find(sql, id);
    if (!seen) throw notFound();
    return markDeleting(sql, id);
  });
  if (!marked) {
    throw new Refusal(403, 'not_yours', 'only the owner of a file and admins may delete it');
  }
  await store.remove(actor.tenantId, id);
  await database.asTenant(actor, (sql) => drop(sql, id));
}

/** Takes back an upload that failed. While the row cannot be marked it may be a finished one: then nothing is removed. */
async function abandon({ database, store }: Storage, actor: Actor, id: string): Promise<void> {
  await database.asTenant(actor, (sql) => markDeleting(sql, id));
  await store.remove(actor.tenantId, id);
  await database.asTenant(actor, (sql) => drop(sql, id));
}

/** Checks what can be known before the first byte, and takes the file. */
async function take(
  database: Database,
  actor: Actor,
  id: string,
  request: IncomingMessage,
): Promise<FileRow> {
  const length = announcedLength(request);
  return database.asTenant(actor, async (sql) => {
    const file = await find(sql, id);
    if (!file) throw notFound();
    if (file.status === 'pending' && length !== file.size) {
      throw new Refusal(
        length > file.size ? 413 : 400,
        'size_mismatch',
        `the file was announced with ${file.size} bytes, and Content-Length says ${length}`,
      );
    }
    const taken = await claim(sql, id);
    if (taken) return taken;
    throw new Refusal(
      409,
      'already_uploaded',
      'a file is uploaded once, in the quarter of an hour after it was announced: announce another one',
    );
  });
}

function announcedLength({ headers }: IncomingMessage): number {
  const given = headers['content-length'];
  if (given === undefined || !/^\d{1,15}$/.test(given) || headers['transfer-encoding']) {
    throw new Refusal(411, 'length_required', 'an upload needs the header Content-Length');
  }
  if (headers['content-encoding'] !== undefined) {
    throw new Refusal(415, 'encoding_unsupported', 'send the content without Content-Encoding');
  }
  return Number(given);
}

/** Streams the content into the store; returns its SHA-256. */
async function pass(
  store: ObjectStore,
  file: FileRow,
  request: IncomingMessage,
  seconds: number,
): Promise<string> {
  const inspector = new Inspector(file.size, file.mimeType);
  const stop = new AbortController();
  const timer = setTimeout(() => {
    inspector.destroy(new Refusal(408, 'upload_too_slow', `an upload may take ${seconds} s`));
  }, seconds * 1000);
  const stopped = (error: unknown): never => {
    stop.abort();
    throw error;
  };
  try {
    const stored = store.put(file.tenantId, file.id, inspector, file.size, stop.signal);
    const [fed, put] = await Promise.allSettled([
      feed(request, inspector).catch(stopped),
      stored.catch((error: unknown) => {
        inspector.destroy(error as Error);
        throw error;
      }),
    ]);
    // The store only says that it was stopped; why, the stream says.
    if (put.status === 'rejected' && !stop.signal.aborted) throw put.reason;
    if (fed.status === 'rejected') throw fed.reason;
    if (put.status === 'rejected') throw put.reason;
    return inspector.sha256();
  } finally {
    clearTimeout(timer);
  }
}
