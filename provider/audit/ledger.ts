import type { Client } from 'pg';
import { sha256 } from '../database/migration-file';
import { type Finding, findingsOf, step } from './finding';
import { isTenantSchema } from './names';

const finding = findingsOf(15);

/** A file of SQL that a deployment applies. */
export interface ExpectedFile {
  readonly scope: 'platform' | 'app';
  readonly name: string;
  readonly sql: string;
}

interface Entry {
  readonly scope: string;
  readonly name: string;
  readonly sha256: string;
}

/**
 * 15: what was applied is what the files say, in each place. Undefined when this login may not read the ledger, which
 * the migrator may.
 */
export async function ledgerFindings(
  client: Client,
  files: readonly ExpectedFile[],
): Promise<Finding[] | undefined> {
  const { rows } = await client.query<{ readable: boolean }>(
    `select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'strata' and c.relname = 'migrations'`,
  );
  if (rows[0]?.readable !== true) return undefined;
  const entries = await client.query<Entry>(
    'select scope, name, sha256 from strata.migrations order by scope, name',
  );
  const scopes = new Set(entries.rows.map(({ scope }) => scope));
  return [...scopes].flatMap((scope) =>
    compare(
      scope,
      entries.rows.filter((entry) => entry.scope === scope),
      files.filter((file) => file.scope === (isTenantSchema(scope) ? 'app' : scope)),
    ),
  );
}

function compare(
  scope: string,
  entries: readonly Entry[],
  files: readonly ExpectedFile[],
): Finding[] {
  const applied = new Map(entries.map(({ name, sha256: hash }) => [name, hash]));
  const known = new Set(files.map(({ name }) => name));
  const differ = files.flatMap(({ name, sql }) => {
    const hash = applied.get(name);
    if (hash === sha256(sql)) return [];
    return [
      hash === undefined
        ? finding(
            'ledger-behind',
            `${scope}/${name}`,
            'it was not applied here, so this place lacks what it makes or closes',
            step('apply the pending migrations: npm run up'),
          )
        : finding(
            'ledger-changed',
            `${scope}/${name}`,
            `it was applied with sha-256 ${hash} and the file has ${sha256(sql)}: what is in the database is not what is reviewed`,
            step('restore the text that was applied, and put the change into a new file'),
          ),
    ];
  });
  const unknown = entries
    .filter(({ name }) => !known.has(name))
    .map(({ name }) =>
      finding(
        'ledger-unknown',
        `${scope}/${name}`,
        'it was applied here and there is no such file: nobody can read what it did',
        step('put the file back, or find out who applied it'),
      ),
    );
  return [...differ, ...unknown];
}
