import { createHash } from 'node:crypto';
import { quoteName } from '../../components/tenancy/identifiers';
import { UserError } from '../../engine/errors';

/** Who runs a migration: the cluster's admin, the owner of the schema, or the role that may change data. */
type MigrationRole = 'admin' | 'owner' | 'maintenance';

export interface Directives {
  readonly role: MigrationRole;
  readonly transaction: boolean;
}

const known: Record<string, Partial<Directives>> = {
  'as admin': { role: 'admin' },
  'as owner': { role: 'owner' },
  'as maintenance': { role: 'maintenance' },
  'no transaction': { transaction: false },
};

/**
 * Reads the `-- strata: …` lines at the head of a migration.
 * Throws an error that names the line when a directive is not known.
 */
export function directives(sql: string): Directives {
  let result: Directives = { role: 'owner', transaction: true };
  for (const line of sql.split('\n')) {
    if (line.trim() !== '' && !line.startsWith('--')) break;
    const [, word] = /^--\s*strata:\s*(.*?)\s*$/.exec(line) ?? [];
    if (word === undefined) continue;
    const meaning = known[word];
    if (!meaning) {
      throw new UserError(
        `"-- strata: ${word}" is not a directive; allowed: ${Object.keys(known).join(', ')}`,
      );
    }
    result = { ...result, ...meaning };
  }
  return result;
}

/** Where an application's file runs: it names its tables without a schema, and sees the tenants who live there. */
export interface Home {
  readonly schema: string;
  /** `shared`, or the id of the only tenant. */
  readonly tenants: string;
}

/**
 * What is set before a file runs. The owner is filtered by FORCE RLS like anyone else: with row_security off a back-fill
 * that would silently miss rows is an error instead. Maintenance has policies of its own and is filtered by them.
 */
export function settingsOf(
  role: MigrationRole,
  home: Home | undefined,
  set: 'set' | 'set local',
): string {
  return [
    ...(home
      ? [
          `${set} search_path = ${quoteName(home.schema)}`,
          `${set} strata.narrowed_to = '${home.tenants}'`,
        ]
      : []),
    `${set} row_security = ${role === 'maintenance' ? 'on' : 'off'}`,
    ...(role === 'admin' ? [] : [`${set} role strata_${role}`]),
  ].join('; ');
}

/** The hash by which an applied migration is recognised. */
export function sha256(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}
