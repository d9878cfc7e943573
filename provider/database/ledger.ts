import type { Client } from 'pg';
import { UserError } from '../../engine/errors';
import { sha256 } from './migration-file';

interface Key {
  readonly scope: string;
  readonly name: string;
}

interface Row {
  readonly sha256: string;
  readonly appliedAt: string;
}

/** One runner at a time per database; the lock goes with the connection. */
export async function lockLedger(client: Client): Promise<void> {
  await client.query("set lock_timeout = '60s'");
  try {
    await client.query("select pg_advisory_lock(hashtextextended('strata.migrations', 0))");
  } catch (error) {
    throw new UserError(
      `another runner has been applying migrations to this database for a minute (${(error as Error).message}): ` +
        'wait for it and run this again',
    );
  }
}

/**
 * Makes the ledger on the first migration of all, which the cluster's admin runs; later runners find it.
 * Its grants are part of the platform's SQL.
 */
export async function ensureLedger(client: Client): Promise<void> {
  if (await exists(client)) return;
  await client.query(`
    create schema if not exists strata;
    create table if not exists strata.migrations (
      scope text not null,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now(),
      applied_by text not null default session_user,
      duration_ms bigint not null,
      primary key (scope, name)
    );
    comment on table strata.migrations is 'Which SQL files were applied to this database, with the hash of their text';
  `);
}

/** What the ledger says of a migration; undefined when it was never applied to this database. */
export async function recorded(client: Client, key: Key): Promise<Row | undefined> {
  if (!(await exists(client))) return undefined;
  const { rows } = await client.query<{ sha256: string; applied_at: Date }>(
    'select sha256, applied_at from strata.migrations where scope = $1 and name = $2',
    [key.scope, key.name],
  );
  return rows[0] && { sha256: rows[0].sha256, appliedAt: rows[0].applied_at.toISOString() };
}

/** The names of all migrations of a scope that were applied to this database. */
export async function appliedNames(client: Client, scope: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select name from strata.migrations where scope = $1 order by name',
    [scope],
  );
  return rows.map(({ name }) => name);
}

/** Enters an applied migration and returns when that was. */
export async function record(
  client: Client,
  file: Key & { readonly sql: string },
  durationMs: number,
): Promise<string> {
  const { rows } = await client.query<{ applied_at: Date }>(
    `insert into strata.migrations (scope, name, sha256, duration_ms)
     values ($1, $2, $3, $4) returning applied_at`,
    [file.scope, file.name, sha256(file.sql), durationMs],
  );
  return (rows[0]?.applied_at ?? new Date()).toISOString();
}

async function exists(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('strata.migrations') is not null as there",
  );
  return rows[0]?.there === true;
}
