import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { root } from '../../../engine/root';

const query = readFileSync(path.join(root, 'test/sql/catalogue.sql'), 'utf8');

/** What is wrong with a database's catalogue, a sentence each. */
export async function catalogueProblems(admin: Client): Promise<string[]> {
  const { rows } = await admin.query<{ problem: string }>(query);
  return rows.map(({ problem }) => problem);
}
