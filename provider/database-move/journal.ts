import { escapeIdentifier, type Client } from 'pg';
import { UserError } from '../../engine/errors';
import { transaction, withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { journalDatabase, maintenanceDatabase, onServer, rowsOf, type Ends } from './ends';
import { lend, letIn, takeBack, type Role } from './roles';

/** What the target says of the move into it. */
export interface Journal {
  /** System identifier of the source. */
  readonly source: string;
  readonly state: 'copying' | 'moved';
  readonly movedAt: Date | null;
  /** What was, or is to be, made here: what an interrupted move leaves, and nothing else. */
  readonly roles: readonly string[];
  readonly databases: readonly string[];
}

/** Of the source's maintenance database: which databases are shut, and what their limits were. */
const schema = 'strata_move';

/** What is written down at the target; undefined where nothing was begun. */
export async function readJournal({ target }: Pick<Ends, 'target'>): Promise<Journal | undefined> {
  if (!(await onServer(target, hasJournal))) return undefined;
  return withClient(databaseAt(target, journalDatabase), async (client) => {
    const [journal] = await rowsOf<Journal>(
      client,
      'select source, state, moved_at as "movedAt", roles, databases from journal',
    );
    return journal;
  });
}

/** Says what is going to be made, before it is. */
export async function beginJournal(
  { target }: Ends,
  { source, roles, databases }: Pick<Journal, 'source' | 'roles' | 'databases'>,
): Promise<void> {
  await withClient(databaseAt(target, maintenanceDatabase), async (client) => {
    await client.query(`drop database if exists ${journalDatabase}`);
    await client.query(`create database ${journalDatabase} template template0`);
    await client.query(`revoke all on database ${journalDatabase} from public`);
  });
  await withClient(databaseAt(target, journalDatabase), (client) =>
    transaction(client, async () => {
      await client.query(
        `create table journal (source text not null, state text not null default 'copying',
           moved_at timestamptz, roles text[] not null, databases text[] not null)`,
      );
      await client.query('insert into journal (source, roles, databases) values ($1, $2, $3)', [
        source,
        roles,
        databases,
      ]);
    }),
  );
}

/** The switch: one transaction that lets people in at the target and says so. */
export function endJournal({ target }: Ends, roles: readonly Role[]): Promise<void> {
  return withClient(databaseAt(target, journalDatabase), (client) =>
    transaction(client, async () => {
      await takeBack(
        client,
        roles.map(({ name }) => name),
      );
      await letIn(
        client,
        roles.filter(({ login }) => login).map(({ name }) => name),
      );
      await client.query(`update journal set state = 'moved', moved_at = now()`);
    }),
  );
}

/** Takes away what an unfinished move made at the target; nothing where there is none. */
export async function wipe(ends: Ends): Promise<void> {
  const journal = await readJournal(ends);
  if (!journal) return;
  await withClient(databaseAt(ends.target, maintenanceDatabase), async (client) => {
    if (journal.state === 'moved')
      throw new UserError('the target has taken over: nothing there is taken away');
    const there = await rowsOf<{ name: string; login: boolean }>(
      client,
      'select rolname as name, rolcanlogin as login from pg_roles where rolname = any ($1)',
      [journal.roles],
    );
    // A move lets nobody in before it is over: somebody else has used the server since.
    const used = there.filter(({ login }) => login).map(({ name }) => name);
    if (used.length > 0) {
      throw new UserError(
        `people may log in at the target as ${used.join(', ')}, which no move has allowed: nothing there is taken away`,
      );
    }
    await lend(
      client,
      there.map(({ name }) => name),
    );
    for (const name of journal.databases) {
      await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
    }
    for (const { name } of there) await client.query(`drop role ${escapeIdentifier(name)}`);
    await client.query(`drop database ${journalDatabase} with (force)`);
  });
}

async function hasJournal(target: Client): Promise<boolean> {
  const { rowCount } = await target.query('select from pg_database where datname = $1', [
    journalDatabase,
  ]);
  return rowCount !== 0;
}

/**
 * Shuts the source: nobody but a superuser gets in, to any database, also after a restart; whoever is in is sent away.
 * What had limits of its own is remembered there until `reopen`.
 */
export async function close({ source }: Ends): Promise<void> {
  await withClient(databaseAt(source, maintenanceDatabase), async (client) => {
    // Somebody may be in the middle of making a database.
    for (let shut = -1; shut !== 0;) {
      shut = await transaction(client, () => shutAll(client));
      await sendAway(client);
    }
  });
}

async function shutAll(client: Client): Promise<number> {
  await client.query(`create schema if not exists ${schema}`);
  await client.query(
    `create table if not exists ${schema}.closed (database text primary key, connections int not null)`,
  );
  const fresh = await rowsOf<{ name: string }>(
    client,
    `insert into ${schema}.closed select datname, datconnlimit from pg_database
     where datallowconn on conflict do nothing returning database as name`,
  );
  const all = await rowsOf<{ name: string }>(
    client,
    `select database as name from ${schema}.closed
     where database in (select datname from pg_database)`,
  );
  for (const { name } of all) {
    await client.query(`alter database ${escapeIdentifier(name)} connection limit 0`);
  }
  return fresh.length;
}

/** Ends every session but this one, and waits until they are over. */
export async function sendAway(client: Client): Promise<void> {
  const patienceSeconds = 30;
  const deadline = Date.now() + patienceSeconds * 1_000;
  for (;;) {
    const left = await rowsOf<{ pid: number; user: string }>(
      client,
      `select pid, usename as user, pg_terminate_backend(pid, 1000) from pg_stat_activity
       where pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    if (left.length === 0) return;
    if (Date.now() > deadline) {
      throw new UserError(
        `sessions of ${[...new Set(left.map(({ user }) => user))].join(', ')} come back to the source as fast as they are ended`,
      );
    }
  }
}

/** Undoes `close`; nothing where the source is open. */
export function reopen({ source }: Ends): Promise<void> {
  return onServer(source, async (client) => {
    const limits = await limitsBefore(client);
    if (!limits) return;
    for (const [name, connections] of limits) {
      await client.query(
        `alter database ${escapeIdentifier(name)} connection limit ${connections}`,
      );
    }
    await client.query(`drop schema ${schema} cascade`);
  });
}

/** The limits of connections that databases of a shut source have when it is open; undefined when it is. */
export async function limitsBefore(
  source: Client,
): Promise<ReadonlyMap<string, number> | undefined> {
  const [row] = await rowsOf<{ closed: boolean }>(
    source,
    `select to_regclass('${schema}.closed') is not null as closed`,
  );
  if (!row?.closed) return undefined;
  const limits = await rowsOf<{ name: string; connections: number }>(
    source,
    `select database as name, connections from ${schema}.closed
     where database in (select datname from pg_database)`,
  );
  return new Map(limits.map(({ name, connections }) => [name, connections]));
}
