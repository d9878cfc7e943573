import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseKey } from '../../components/services/images/guard/key';
import { keysCommand } from '../../engine/commands/keys';
import type * as outputs from '../../engine/outputs';
import { runCommand, type Outcome } from '../support/command';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';

const databases: Record<string, string> = {};

vi.mock('../../engine/outputs', async (original) => ({
  ...(await original<typeof outputs>()),
  readSecretOutputs: () => Promise.resolve({ databases }),
}));

describe('npm run keys', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer();
    await deploy(server, 'commands');
    databases.strata_migrator = server.url('strata_migrator', 'commands');
  });
  afterAll(() => server.stop());

  const run = (...args: string[]): Promise<Outcome> => runCommand(keysCommand(), ...args);
  const issue = (...more: string[]): Promise<Outcome> =>
    run('issue', '--tenant', 'acme', '--user', 'ann', '--name', 'for CI', ...more);

  test('issues a key that the guard knows, alone on stdout', async () => {
    const { stdout, error } = await issue('--scope', 'storage:read', '--scope', 'graphql:*');
    expect(error).toBeUndefined();
    const sent = parseKey(stdout.trim());
    const guard = await server.connect('strata_guard', 'commands');
    const { rows } = await guard.query(
      'select role, scopes, state from tenancy.verify_api_key($1, $2)',
      [sent?.id, sent?.hash],
    );
    expect(rows).toEqual([
      { role: 'member', scopes: ['storage:read', 'graphql:*'], state: 'active' },
    ]);
  });

  test('lists keys without what proves them, and ends one once', async () => {
    const { stdout } = await issue(
      '--scope',
      'functions:*',
      '--role',
      'admin',
      '--days',
      '7',
      '--json',
    );
    const { id, key, ...rest } = JSON.parse(stdout) as Record<string, string>;
    expect(rest).toMatchObject({
      tenant: 'acme',
      user: 'ann',
      role: 'admin',
      scopes: ['functions:*'],
    });
    const listed = await run('list', '--tenant', 'acme', '--json');
    expect(listed.stdout).not.toContain(key?.slice(40));
    const found = (JSON.parse(listed.stdout) as { id: string }[]).find((one) => one.id === id);
    expect(found).toMatchObject({
      name: 'for CI',
      user: 'ann',
      role: 'admin',
      state: 'active',
      useCount: 0,
    });
    expect((await run('revoke', id ?? '', '--tenant', 'acme')).stdout).toBe(`Revoked ${id}.\n`);
    expect((await run('revoke', id ?? '', '--tenant', 'acme')).stdout).toBe(
      `${id} had been revoked before.\n`,
    );
    expect((await run('list', '--tenant', 'acme')).stdout).toMatch(
      new RegExp(`${id}  for CI .* revoked`),
    );
    expect((await run('list', '--tenant', 'globex')).stdout).toBe('globex has no API keys.\n');
  });

  test.each<[string, string[], RegExp]>([
    [
      'an unknown scope',
      ['--scope', 'storage:red'],
      /Did you mean storage:read\?.*Allowed: graphql:read/,
    ],
    ['no scope', [], /required option '--scope/],
    ['a year and a day', ['--scope', 'storage:read', '--days', '366'], /from 1 to 365/],
    ['another tenant', ['--scope', 'storage:read', '--tenant', 'acmee'], /Did you mean "acme"/],
    [
      'a user of another tenant',
      ['--scope', 'storage:read', '--user', 'gus'],
      /Unknown user "gus"[\s\S]*Members of acme: ann, bob/,
    ],
    [
      'more than the member is',
      ['--scope', 'storage:read', '--user', 'bob', '--role', 'admin'],
      /bob is member of acme/,
    ],
  ])('refuses %s', async (_what, more, says) => {
    const { stdout, error } = await issue(...more);
    expect([stdout, error]).toEqual(['', expect.stringMatching(says)]);
  });

  test('ends no key of another tenant', async () => {
    const { stdout } = await issue('--scope', 'storage:read', '--json');
    const { id } = JSON.parse(stdout) as { id: string };
    expect((await run('revoke', id, '--tenant', 'globex')).error).toBe(
      `globex has no API key "${id}".\nIts keys: none`,
    );
    expect((await run('list', '--tenant', 'nobody')).error).toMatch(/^Unknown tenant "nobody"/);
  });
});
