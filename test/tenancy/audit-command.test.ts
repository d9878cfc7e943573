import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditWorld, type AuditWorld } from './support/audit-world';

let world: AuditWorld;
let folder: string;

beforeAll(async () => {
  world = await auditWorld();
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-audit-'));
});

afterAll(async () => {
  await world.server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function strata(...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['engine/load.cjs', 'engine/cli.ts', 'audit', ...args]);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, ...said });
    });
  });
}

describe('npm run audit', () => {
  test('of a clean platform exits with 0, and says so and what it was not given', async () => {
    expect(await strata('--url', world.server.url('strata_migrator', 'strata'))).toEqual({
      status: 0,
      stdout: [
        'Clean: nothing was found in what was looked at.',
        'Not looked at: Hasura’s metadata (--metadata <file>).',
        'Not looked at: Hasura’s version (--hasura <version>).',
        'Not looked at: what logins reach when they are tried (--login <role=url>).',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('as the auditor says what it may not look at', async () => {
    const { status, stdout } = await strata('--url', world.server.url('strata_auditor', 'strata'));

    expect(status).toBe(0);
    expect(stdout).toContain('Not looked at: the registry: this login may not read it');
    expect(stdout).toContain('Not looked at: the ledger: this login may not read it');
  });

  test('exits with 1 and lists what it finds, for people and as JSON, with the login that it probed', async () => {
    await world.admin.query('alter table app.notes disable row level security');
    try {
      const url = world.server.url('strata_migrator', 'strata');
      const login = `strata_app=${world.server.url('strata_app', 'strata')}`;
      const plain = await strata('--url', url, '--login', login);
      const json = await strata('--url', url, '--json');

      expect(plain.status).toBe(1);
      expect(plain.stdout).toContain(' 1 rls-off  app.notes\n');
      expect(plain.stdout).toContain(
        '   mended by: alter table app.notes enable row level security;\n',
      );
      expect(json.status).toBe(1);
      expect(JSON.parse(json.stdout)).toEqual([
        {
          check: 1,
          id: 'rls-off',
          object: 'app.notes',
          problem: expect.stringContaining('row level security is off') as string,
          remedy: { sql: 'alter table app.notes enable row level security' },
        },
      ]);
    } finally {
      await world.admin.query('alter table app.notes enable row level security');
    }
  });

  test('reads metadata from a file', async () => {
    const file = path.join(folder, 'metadata.json');
    const permission = { role: 'tenant_member', permission: { columns: ['id'], filter: {} } };
    const table = { table: { schema: 'app', name: 'notes' }, select_permissions: [permission] };
    writeFileSync(file, JSON.stringify({ version: 3, sources: [{ tables: [table] }] }));
    const url = world.server.url('strata_migrator', 'strata');
    const { status, stdout } = await strata(
      '--url',
      url,
      '--metadata',
      file,
      '--hasura',
      'v2.44.0',
    );

    expect(status).toBe(1);
    expect(stdout).not.toContain('Hasura’s');
    expect(stdout).toContain('14 hasura-filter  app.notes');
    expect(stdout).toContain('14 hasura-patch  Hasura v2.44.0');
  });

  test('exits with 2 for what it does not understand, and never repeats a password', async () => {
    const bad = [
      ['--url', 'mysql://admin:s3cret@host/db'],
      ['--login', 'strata_app:postgresql://strata_app:s3cret@host/db'],
    ];
    for (const args of bad) {
      const { status, stdout, stderr } = await strata(...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).not.toContain('s3cret');
    }
    expect((await strata('--what')).status).toBe(2);
  });

  test('says who cannot connect to where, without the password', async () => {
    const { status, stdout, stderr } = await strata(
      '--url',
      'postgresql://strata_auditor:s3cret@127.0.0.1:1/strata',
    );

    expect(status).toBe(1);
    expect(stdout + stderr).toContain('strata_auditor cannot connect to 127.0.0.1:1/strata');
    expect(stdout + stderr).not.toContain('s3cret');
  });
});
