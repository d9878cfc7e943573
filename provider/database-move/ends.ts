import type { Client } from 'pg';
import { transaction, withClient } from '../database/connect';
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
  return withClient(databaseAt(url, maintenanceDatabase), (client) =>
    transaction(client, () => work(client)),
  );
}

/** The rows of a question as `T`. */
export async function rowsOf<T extends object>(
  client: Client,
  question: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  return (await client.query<T>(question, [...values])).rows;
}
