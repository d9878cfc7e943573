import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import type { Database } from './databases';
import type { Ends } from './ends';
import { fingerprints, type Fingerprints } from './fingerprints';
import { run, runInto, type Tools } from './tools';

interface CopyOptions {
  readonly tools: Tools;
  readonly signal?: AbortSignal | undefined;
}

/** A whole database in the format of pg_restore. */
const archive = ['--format=custom', '--compress=0', '--no-password', '--no-tablespaces'];
const restoring = ['--exit-on-error', '--no-password', '--no-tablespaces'];

/**
 * Fills an empty database of the target. First tables without anything around them, then rows, and only then triggers,
 * keys and row level security: an admin who is no superuser writes no row where that is forced. In between, while the
 * admin still sees every row, they are counted and summed.
 */
export async function copyDatabase(
  { source, target }: Ends,
  { name }: Database,
  { tools, signal }: CopyOptions,
): Promise<Fingerprints> {
  const from = { program: tools.dump, url: source, database: name, signal };
  const into = { program: tools.restore, url: target, database: name, signal };
  const schema = await run({ ...from, args: [...archive, '--schema-only'] });
  return inListed(tools, schema, async (list) => {
    const section = (which: string) =>
      run(
        {
          ...into,
          args: [...restoring, `--dbname=${name}`, `--use-list=${list}`, `--section=${which}`],
        },
        schema,
      );
    await section('pre-data');
    await runInto(
      { ...from, args: [...archive, '--data-only'] },
      { ...into, args: [...restoring, `--dbname=${name}`, '--data-only'] },
    );
    const copied = await fingerprints(target, name);
    await forgetTransactions(target, name);
    await section('post-data');
    return copied;
  });
}

/** What Postgres says of a database's tables, rights and policies, without what differs by itself. */
export async function schemaText(
  url: string,
  { name }: Database,
  { tools, signal }: CopyOptions,
): Promise<string> {
  const args = ['--schema-only', '--no-password', '--no-tablespaces'];
  const text = (await run({ program: tools.dump, args, url, database: name, signal })).toString();
  // Comments name versions, \restrict has a random word, and an extension's comment may belong to the provider.
  // Rights on Postgres' own functions are not an admin's to change who is no superuser (sql/002_schemas.sql).
  const own =
    /^(?:$|--|\\(?:un)?restrict |COMMENT ON EXTENSION |(?:GRANT|REVOKE) .* ON FUNCTION pg_catalog\.)/;
  const lines = text.split('\n').filter((line) => !own.test(line));
  // What Postgres has read of its own text it writes with fewer parentheses.
  return lines.map((line) => line.replaceAll(/[()]/g, '')).join('\n');
}

/** Runs `work` with the list of an archive, without comments on extensions, which belong to whoever made them. */
async function inListed<T>(
  tools: Tools,
  schema: Buffer,
  work: (list: string) => Promise<T>,
): Promise<T> {
  const listed = (await run({ program: tools.restore, args: ['--list'] }, schema)).toString();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-move-'));
  try {
    const list = path.join(folder, 'list');
    writeFileSync(
      list,
      listed
        .split('\n')
        .filter((line) => !line.includes(' COMMENT - EXTENSION '))
        .join('\n'),
    );
    return await work(list);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Numbers of the source's transactions mean nothing at the target, where they are of the future: a writer would wait for
 * a switch that never is over, and whoever listens would hear the same changes again and again. They begin anew, and
 * listeners are told that they have missed something.
 */
async function forgetTransactions(target: string, database: string): Promise<void> {
  await withClient(databaseAt(target, database), (client) =>
    client.query(`do $$ begin
      if to_regclass('tenancy.last_switch') is not null then perform setval('tenancy.last_switch', 0); end if;
      if to_regclass('realtime.marks') is not null then delete from realtime.marks; end if;
      if to_regclass('realtime.changes') is not null then delete from realtime.changes; end if;
    end $$`),
  );
}
