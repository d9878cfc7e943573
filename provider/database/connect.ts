import { Client, DatabaseError, type ClientConfig } from 'pg';
import { messageOf, UserError } from '../../engine/errors';
import { parseSshHost, SshStream, type SshHost } from '../reach/ssh';

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
 * The URL is one as psql takes it (`sslmode=verify-full&sslrootcert=…`); `reach=ssh://user@host` in it goes through ssh to
 * that host, from which the URL's own host and port are reached, and no port is opened here.
 * Throws `UnreachableError` when no session could be had, and whatever `work` throws.
 */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = clientFor(url);
  // A connection that breaks between two queries would otherwise end the provider.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new UnreachableError(
      `${new URL(url).username} cannot connect to ${address(url)}: ${(error as Error).message}`,
      whyNot(error),
    );
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `work` in one transaction as `role`; everything or nothing is kept. */
export async function inTransaction<T>(
  client: Client,
  role: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    await client.query("set local lock_timeout = '5s'");
    if (role) await client.query(`set local role ${client.escapeIdentifier(role)}`);
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

function clientFor(url: string): Client {
  const { connectionString, stream } = route(url);
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

/** How pg gets there: what is ours in a URL means nothing to it. */
function route(url: string): Pick<ClientConfig, 'connectionString' | 'stream'> {
  const direct = new URL(url);
  // As psql takes them: pg alone would read "require" as "verify-full".
  if (direct.searchParams.has('sslmode')) direct.searchParams.set('uselibpqcompat', 'true');
  const reach = direct.searchParams.get('reach');
  if (reach === null) return { connectionString: direct.href };
  direct.searchParams.delete('reach');
  const { hostname, port } = direct;
  const target = reachOf(reach, url);
  return {
    connectionString: direct.href,
    stream: () => new SshStream(target, { forward: `${hostname}:${port || '5432'}` }),
  };
}

function reachOf(reach: string, url: string): SshHost {
  try {
    return parseSshHost(reach);
  } catch (error) {
    throw new UserError(`the reach of ${address(url)} ${messageOf(error)}`);
  }
}

function whyNot(error: unknown): Unreachable {
  const code = error instanceof DatabaseError ? (error.code ?? '') : '';
  if (refusals.has(code)) return 'refused';
  return code === noSuchDatabase ? 'absent' : 'silent';
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
