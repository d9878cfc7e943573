import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMigrations, schemaVersion } from '../../components/data/migrations';
import { directives, sha256 } from '../../provider/database/migration-file';
import type { Context } from '../../provider/host/resource';
import { migration, type MigrationInputs } from '../../provider/database/migration';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-migrations-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, sql = 'select 1;'): void {
  writeFileSync(path.join(folder, name), sql);
}

describe('the migrations of a folder', () => {
  test('are sorted by number, not by text', () => {
    for (const name of ['1000_late.sql', '002_b.sql', '010_c.sql', '001_a.sql', 'README.md'])
      file(name);
    expect(readMigrations(folder, 'app').map(({ name }) => name)).toEqual([
      '001_a',
      '002_b',
      '010_c',
      '1000_late',
    ]);
  });

  test('are none when the folder does not exist', () => {
    expect(readMigrations(path.join(folder, 'nowhere'), 'app')).toEqual([]);
  });

  test('are refused all at once: names, numbers and directives', () => {
    file('001_a.sql');
    file('001_b.sql');
    file('1_short.sql');
    file('002_Upper.sql');
    file('003_spaced name.sql');
    file('004_directive.sql', '-- strata: as superuser\nselect 1;');
    const read = (): unknown => readMigrations(folder, 'app');
    expect(read).toThrow(/001_a.sql and 001_b.sql have the same number/);
    expect(read).toThrow(/1_short.sql: the name must look like/);
    expect(read).toThrow(/002_Upper.sql/);
    expect(read).toThrow(/003_spaced name.sql/);
    expect(read).toThrow(
      /004_directive.sql: "-- strata: as superuser" is not a directive; allowed: as admin/,
    );
  });

  test('have a version that changes with any text', () => {
    file('001_a.sql');
    const before = schemaVersion(readMigrations(folder, 'app'));
    expect(schemaVersion(readMigrations(folder, 'app'))).toBe(before);
    file('001_a.sql', 'select 2;');
    expect(schemaVersion(readMigrations(folder, 'app'))).not.toBe(before);
  });
});

describe('directives', () => {
  test('are read from the head of the file only', () => {
    expect(directives('select 1; -- strata: as admin')).toEqual({
      role: 'owner',
      transaction: true,
    });
    expect(directives('select 1;\n-- strata: as admin')).toEqual({
      role: 'owner',
      transaction: true,
    });
    expect(
      directives('-- Adds an index.\n-- strata: no transaction\n\n-- strata: as admin\nselect 1;'),
    ).toEqual({
      role: 'admin',
      transaction: false,
    });
  });
});

describe('a migration', () => {
  const inputs: MigrationInputs = {
    url: 'postgresql://x@127.0.0.1/x',
    cluster: '1',
    scope: 'app',
    name: '001_a',
    sql: 'select 1;',
  };
  const state = { ...inputs, sha256: sha256(inputs.sql), appliedAt: '2026-01-01T00:00:00.000Z' };
  const context: Context = {
    urn: 'urn:pulumi:test::strata::strata:test:Thing::test',
    stack: 's',
    name: 'n',
    signal: new AbortController().signal,
    progress: () => undefined,
    warn: () => undefined,
  };

  test('whose text changed after it was applied is refused with both hashes', async () => {
    const problems = await migration.check?.({ ...inputs, sql: 'select 2;' }, inputs, context);
    expect(problems).toHaveLength(1);
    expect(problems?.[0]?.reason).toContain(sha256('select 1;'));
    expect(problems?.[0]?.reason).toContain(sha256('select 2;'));
  });

  test('of the application cannot run as the admin', async () => {
    const problems = await migration.check?.(
      { ...inputs, sql: '-- strata: as admin\nselect 1;' },
      undefined,
      context,
    );
    expect(problems?.[0]?.reason).toMatch(/only the platform/);
  });

  test('does not differ when only its connection does', () => {
    expect(migration.diff(state, { ...inputs, url: 'postgresql://other@127.0.0.1/x' })).toEqual({});
  });

  test('is applied anew to another cluster', () => {
    expect(migration.diff(state, { ...inputs, cluster: '2' })).toEqual({ cluster: 'update' });
  });

  test('that cannot ask its database returns what was recorded', async () => {
    const away = { ...state, url: 'postgresql://x:y@127.0.0.1:1/x' };
    expect(await migration.read('app/001_a', away, context)).toEqual(away);
  });
});
