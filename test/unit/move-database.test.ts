import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withEnds } from '../../engine/move-database/ends';
import { facts, moveText, planText } from '../../engine/move-database/words';
import { terminal } from '../../engine/terminal';
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

test('it says which way the rows go, and how much of them', () => {
  const way = 'Every row comes to this machine and leaves it again: about 12 MB each way';
  expect(planText(found)).toContain(way);
  expect(planText(found)).not.toContain('Systems Manager');
  expect(planText(found, 'prod')).toContain(way);
  expect(planText(found, 'prod')).toContain('sessions of Systems Manager, which are slow');
});

test('after a move of a stack it says what is next', () => {
  const report = { databases: 1, bytes: 1, tables: 1, pauseSeconds: 1, switched: true };
  const next = 'Set strata:aws.databaseMove to moved, then: npm run up -- --stack prod';
  expect(moveText(report, 'prod')).toContain(next);
  expect(moveText({ ...report, switched: false }, 'prod')).toContain(next);
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

test.each([{}, { from: 'x' }, { stack: 'prod', to: 'x' }, { stack: 'prod', from: 'x', to: 'x' }])(
  'servers that are named in no way, by half or twice are refused: %j',
  async (options) => {
    const nobody = () => Promise.reject(new Error('nobody moves'));
    await expect(withEnds(options, terminal(true), nobody)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('Either --stack <name>, whose state names both') as string,
    });
  },
);
