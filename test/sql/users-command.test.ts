import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { usersCommand } from '../../engine/commands/users';
import type * as outputs from '../../engine/outputs';
import { runCommand, type Outcome } from '../support/command';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';

const databases: Record<string, string> = {};

vi.mock('../../engine/outputs', async (original) => ({
  ...(await original<typeof outputs>()),
  readSecretOutputs: () => Promise.resolve({ databases }),
}));

describe('npm run users', () => {
  let server: Server;
  const subject = randomUUID();
  const signIn = randomUUID();

  beforeAll(async () => {
    server = await startServer();
    await deploy(server, 'commands');
    databases.strata_migrator = server.url('strata_migrator', 'commands');
    await enter(true);
  });
  afterAll(() => server.stop());

  const run = (...args: string[]): Promise<Outcome> => runCommand(usersCommand(), ...args);

  async function enter(begins: boolean): Promise<boolean> {
    const sessions = await server.connect('strata_sessions', 'commands');
    const { rows } = await sessions.query<{ admitted: boolean }>(
      `select admitted from tenancy.enter('gotrue', $1, $2, $3, 'cas@example.org', true, 30)`,
      [subject, signIn, begins],
    );
    await sessions.end();
    return rows[0]?.admitted === true;
  }

  test('lists who there is, where they belong, and how they sign in', async () => {
    const { stdout } = await run('list', '--json');
    const users = JSON.parse(stdout) as { handle: string; lastSignInAt: string | null }[];
    expect(users.map(({ handle, lastSignInAt }) => [handle, lastSignInAt !== null])).toEqual([
      ['ann', false],
      ['bob', false],
      ['cas@example.org', true],
      ['gus', false],
      ['hal', false],
    ]);
    expect(users[0]).toMatchObject({
      memberships: [{ tenant: 'acme', role: 'admin' }],
      identities: [],
    });
    expect(users[2]).toMatchObject({
      memberships: [],
      identities: [{ provider: 'gotrue', subject }],
    });
    const table = (await run('list')).stdout;
    expect(table).toMatch(/^ann +[0-9a-f-]{36} +acme \(admin\) +nothing yet +never$/m);
    expect(table).toMatch(
      /^cas@example\.org +[0-9a-f-]{36} +none +gotrue +2\d{3}-\d\d-\d\d \d\d:\d\d$/m,
    );
  });

  test('ends the sessions of one, who may sign in again', async () => {
    expect(await enter(false)).toBe(true);
    const { stdout, error } = await run('revoke', 'cas@example.org');
    expect([error, stdout]).toEqual([
      undefined,
      'Ended all tokens and sessions of cas@example.org. API keys stay (npm run keys -- revoke), and so does the account: it may sign in again.\n',
    ]);
    expect(await enter(false)).toBe(false);
    const guard = await server.connect('strata_guard', 'commands');
    const { rows } = await guard.query('select name from tenancy.revocations()');
    expect(rows).toContainEqual({ name: subject });
  });

  test('takes an id, and says what there is of a name that nobody has', async () => {
    const { stdout } = await run('revoke', subject, '--json');
    expect(JSON.parse(stdout)).toEqual({ id: subject, handle: 'cas@example.org', revoked: true });
    expect((await run('revoke', 'anne')).error).toBe(
      'Unknown user "anne". Did you mean "ann"?\nAll users: npm run users -- list',
    );
  });
});
