import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../engine/errors';
import { directives, type Directives } from '../../provider/database/migration-file';

/** One SQL file, in the order in which it is applied. */
export interface MigrationFile extends Directives {
  readonly scope: 'platform' | 'app';
  /** `001_roles` */
  readonly name: string;
  readonly sql: string;
}

const fileName = /^(\d{3,}_[a-z0-9_]+)\.sql$/;

/**
 * The migrations of a folder, sorted by their numbers.
 * Throws one error that names every file whose name, number or directive is wrong.
 */
export function readMigrations(folder: string, scope: MigrationFile['scope']): MigrationFile[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  const problems = [...misnamed(files), ...sameNumber(files)];
  const migrations = files.flatMap((file): MigrationFile[] => {
    try {
      const sql = readFileSync(path.join(folder, file), 'utf8');
      if (scope === 'app') problems.push(...placed(file, sql));
      return [{ scope, name: file.replace(/\.sql$/, ''), sql, ...directives(sql) }];
    } catch (error) {
      problems.push(`${file}: ${(error as Error).message}`);
      return [];
    }
  });
  if (problems.length) {
    throw new UserError(`Migrations in ${folder}:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
  }
  return migrations.sort((a, b) => number(a.name) - number(b.name));
}

/** Changes with every new migration, and with what stands around the tables when that is given. */
export function schemaVersion(migrations: readonly MigrationFile[], fences: unknown = []): string {
  const hash = createHash('sha256').update(JSON.stringify(fences));
  for (const { scope, name, sql } of migrations) hash.update(JSON.stringify([scope, name, sql]));
  return hash.digest('hex').slice(0, 16);
}

function number(name: string): number {
  return Number.parseInt(name, 10);
}

function misnamed(files: readonly string[]): string[] {
  return files
    .filter((file) => !fileName.test(file))
    .map(
      (file) => `${file}: the name must look like 001_topic.sql (lower case, digits, underscores)`,
    );
}

/** The same file makes the tables of every tenant, and where these stand is the runner's to say. */
function placed(file: string, sql: string): string[] {
  const code = sql.replaceAll(/--.*$|\/\*[^]*?\*\//gm, (comment) =>
    comment.replaceAll(/[^\n]/g, ' '),
  );
  const at = /(?<![\w"$.])"?app"?\s*\.\s*["a-z_]/i.exec(code)?.index;
  if (at === undefined) return [];
  const line = code.slice(0, at).split('\n').length;
  return [
    `${file}:${line}: write the application's own tables without "app.": tenants with a schema of their own have the ` +
      'same tables there. In functions: set search_path from current, or a body that is parsed (return …)',
  ];
}

function sameNumber(files: readonly string[]): string[] {
  const byNumber = new Map<number, string[]>();
  for (const file of files.filter((f) => fileName.test(f))) {
    byNumber.set(number(file), [...(byNumber.get(number(file)) ?? []), file]);
  }
  return [...byNumber.values()]
    .filter((same) => same.length > 1)
    .map((same) => `${same.join(' and ')} have the same number: give the newer one the next`);
}
