import type { Client } from 'pg';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';

/** The two servers of a move. Connection URLs of their admins, to any database; secret. */
export interface Ends {
  readonly source: string;
  readonly target: string;
}

/** Where what concerns the whole cluster is asked and written. */
export const maintenanceDatabase = 'postgres';

/** What a target has of a move into it: a database of its own, because its admin may own no other that is there. */
export const journalDatabase = 'strata_move';

/** Runs `work` on the server's maintenance database, in one transaction. */
export function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(databaseAt(url, maintenanceDatabase), (client) => whole(client, work));
}

/** Runs `work` in one transaction. */
export async function whole<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** The rows of a question as `T`. */
export async function rowsOf<T extends object>(
  client: Client,
  question: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  return (await client.query<T>(question, [...values])).rows;
}
