import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { facts, planText } from '../../engine/move-database/words';
import type { Survey } from '../../provider/database-move/look';
import { assignment } from '../../provider/database-move/roles';

const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-move-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const found: Survey = {
  source: { systemIdentifier: '1', version: '18.6', closed: false },
  target: { systemIdentifier: '2', version: '18.6' },
  databases: [
    {
      name: 'strata',
      bytes: 12_345_678,
      owner: 'postgres',
      open: true,
      connections: -1,
      comment: null,
      locale: '',
      guarded: false,
      grants: [],
      settings: [],
    },
  ],
  roles: [
    {
      name: 'strata_app',
      login: true,
      inherits: true,
      createsDatabases: false,
      createsRoles: false,
      superuser: false,
      replicates: false,
      passesPolicies: false,
      connections: -1,
      verifier: 'SCRAM-SHA-256$4096:salt$stored:server',
      until: null,
      comment: null,
      settings: [],
    },
  ],
  memberships: [],
  journal: undefined,
  problems: ['role mighty has SUPERUSER'],
};

test('a plan says what is moved, who is served, and what is against it; it claims no time', () => {
  const text = planText(found);
  expect(text).toContain('strata    12 MB');
  expect(text).toContain('  - role mighty has SUPERUSER');
  expect(text).toContain('not known before it is measured');
  expect(text).toMatch(/Nothing was changed\.$/);
});

test('an attack: neither the plan nor its JSON shows what a password could be guessed from', () => {
  expect(planText(found) + JSON.stringify(facts(found))).not.toMatch(/SCRAM|salt|stored/);
});

test.each([
  ['statement_timeout=5s', `"statement_timeout" = '5s'`],
  ['search_path="$user", app', `"search_path" = "$user", app`],
  ["app.words=it's = x", `"app"."words" = 'it''s = x'`],
])('the setting %s of a role is written as %s', (kept, statement) => {
  expect(assignment(kept)).toBe(statement);
});

test.each([
  ['', 'holds no connection URL'],
  ['postgresql://postgres:hidden@127.0.0.1:1/x?reach=ssm%3A%2F%2Fi-1', 'knows no reach'],
  ['hidden', 'holds no connection URL'],
])('a file that names no server is refused, and not shown: %s', (text, says) => {
  const file = path.join(folder, 'url');
  writeFileSync(file, text);
  const args = [
    'engine/load.cjs',
    'engine/cli.ts',
    'move-database',
    'plan',
    '--from',
    file,
    '--to',
    file,
  ];
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr + stdout).not.toContain('hidden');
});
