import type { Duplex } from 'node:stream';
import { Client, DatabaseError } from 'pg';
import { messageOf, UserError } from '../../engine/errors';
import { parseReach, type Reach } from '../reach/reach';

const connectTimeoutMs = 10_000;

/** invalid_authorization_specification, invalid_password */
const refusals = new Set(['28000', '28P01']);

/** invalid_catalog_name */
const noSuchDatabase = '3D000';

/** undefined_table, undefined_object, a role that does not exist, invalid_schema_name, undefined_function */
const absences = new Set(['42P01', '42704', '22023', '3F000', '42883']);

/** admin_shutdown, crash_shutdown */
const endings = new Set(['57P01', '57P02']);

/** Why no session could be had: nothing answered, the login was not let in, or there is no such database. */
export type Unreachable = 'silent' | 'refused' | 'absent';

export class UnreachableError extends UserError {
  constructor(
    message: string,
    readonly why: Unreachable,
  ) {
    super(message);
  }
}

/**
 * Opens one connection, runs `work` on it and closes it.
 *
 * The URL is one as psql takes it (`sslmode=verify-full&sslrootcert=…`); `reach` in it (`parseReach`) leads to where the
 * URL's own host and port are reached from, and `hostaddr` says how the host is called there, where its certificate calls
 * it otherwise.
 * Throws `UnreachableError` when no session could be had, and whatever `work` throws.
 */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await clientFor(url);
  // A connection that breaks between two queries would otherwise end the provider.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw unreachable(url, error);
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `work` in one transaction as `role`, which waits for no lock long; everything or nothing is kept. */
export function inTransaction<T>(
  client: Client,
  role: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return transaction(client, async () => {
    await client.query("set local lock_timeout = '5s'");
    if (role) await client.query(`set local role ${client.escapeIdentifier(role)}`);
    return work();
  });
}

/** Runs `work` in one transaction, and in nothing else: everything or nothing is kept. */
export async function transaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Runs `work` in one transaction of a session of its own, as the role that sees the rows of every tenant. */
export function asMaintenance<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(url, (client) =>
    inTransaction(client, 'strata_maintenance', () => work(client)),
  );
}

/**
 * Asks the database for a resource: `undefined` when it lacks what the answer would stand in, `recorded` when no
 * session could be had, because an outage is not the same as absence.
 */
export async function readLive<T>(
  url: string,
  recorded: T,
  ask: (client: Client) => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await withClient(url, ask);
  } catch (error) {
    if (error instanceof UnreachableError || wasCutOff(error)) return recorded;
    if (error instanceof DatabaseError && absences.has(error.code ?? '')) return undefined;
    throw error;
  }
}

async function clientFor(url: string): Promise<Client> {
  const { connectionString } = route(url);
  const stream = await wayOf(url);
  try {
    return new Client({
      connectionString,
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: 'strata-provider',
      ...(stream && { stream }),
    });
  } catch (error) {
    // Such as the file of sslrootcert, which is read here.
    throw new UserError(`cannot connect to ${address(url)}: ${messageOf(error)}`);
  }
}

/**
 * Opens the way that `reach` in a URL leads: each call of what it gives is a connection. Undefined where there is none.
 * Throws as `withClient`.
 */
export async function wayOf(url: string): Promise<(() => Duplex) | undefined> {
  const { reach } = route(url);
  if (!reach) return undefined;
  const { hostname, port, searchParams } = new URL(url);
  try {
    return await reach.to(searchParams.get('hostaddr') ?? hostname, port || '5432');
  } catch (error) {
    throw unreachable(url, error);
  }
}

/** How pg gets there: what is ours in a URL means nothing to it. */
function route(url: string): { connectionString: string; reach: Reach | undefined } {
  const direct = new URL(url);
  // As psql takes them: pg alone would read "require" as "verify-full".
  if (direct.searchParams.has('sslmode')) direct.searchParams.set('uselibpqcompat', 'true');
  const reach = direct.searchParams.get('reach');
  direct.searchParams.delete('reach');
  return { connectionString: direct.href, reach: reach === null ? undefined : reachOf(reach, url) };
}

function reachOf(reach: string, url: string): Reach {
  try {
    return parseReach(reach);
  } catch (error) {
    throw new UserError(`the reach of ${address(url)} ${messageOf(error)}`);
  }
}

function unreachable(url: string, error: unknown): UnreachableError {
  const words = `${new URL(url).username} cannot connect to ${address(url)}: ${messageOf(error)}`;
  const code = error instanceof DatabaseError ? (error.code ?? '') : '';
  if (refusals.has(code)) return new UnreachableError(words, 'refused');
  return new UnreachableError(words, code === noSuchDatabase ? 'absent' : 'silent');
}

/** Whether the session ended under the question. */
function wasCutOff(error: unknown): boolean {
  if (error instanceof DatabaseError) return endings.has(error.code ?? '');
  return /Connection terminated|ECONNRESET|EPIPE/.test((error as Error).message);
}

/** Host, port and database of a URL: what may be shown. */
function address(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}
