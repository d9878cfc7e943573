import { createHash } from 'node:crypto';
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

/** The hash by which an applied migration is recognised. */
export function sha256(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}
