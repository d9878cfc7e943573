import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateOf, whyNoEngine } from '../support/engine';
import { gone, processesAbout, serversOf } from '../support/processes';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();
const stackTrace = /^\s+at .+:\d+:\d+/m;
const locks = '.strata/state/.pulumi/locks/organization/strata/local';

let workspace: Workspace;

function listenOn(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}

/** A lock as Pulumi's file backend writes it. */
function lock(pid: number, hostname: string): string {
  const file = path.join(locks, `${crypto.randomUUID()}.json`);
  mkdirSync(workspace.path(locks), { recursive: true });
  const holder = { pid, username: 'ann', hostname, timestamp: '2026-01-02T03:04:05Z' };
  writeFileSync(workspace.path(file), JSON.stringify(holder));
  return file;
}

/** A pid that nobody has any more. */
async function deadPid(): Promise<number> {
  const ended = workspace.begin('--version');
  await ended.ended;
  await gone(ended.pid);
  return ended.pid;
}

describe.skipIf(reason)('what cannot be deployed', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
  });

  afterAll(() => workspace.dispose());

  test('a config with several mistakes is refused with all of them, and nothing is made', async () => {
    const good = workspace.read('Pulumi.local.yaml');
    workspace.configure({
      'strata:tire': 'single',
      'strata:target': 'moon',
      'strata:ports': { database: 99_999, graphq: 1 },
      'strata:tenancy': { tenants: { Acme: { members: { ann: 'owner' } } } },
    });
    const { code, stdout, stderr } = await workspace.run('up');
    expect(code).toBe(1);
    for (const said of [
      '6 settings are wrong; nothing was changed',
      'strata:tire is not a known key',
      'Did you mean strata:tier?',
      'strata:target is not valid\n        received: "moon"',
      'strata:ports.database is not valid\n        received: 99999',
      'Did you mean strata:ports.graphql?',
      'strata:tenancy.tenants.Acme is not a valid name',
      'strata:tenancy.tenants.Acme.members.ann is not valid\n        received: "owner"',
    ]) {
      expect(stdout).toContain(said);
    }
    expect(stdout + stderr).not.toMatch(stackTrace);
    expect(stateOf(workspace).resources).toEqual([]);
    expect(existsSync(workspace.path('.strata/stacks/local/volumes'))).toBe(false);
    expect(processesAbout(workspace.folder)).toEqual([]);
    workspace.write('Pulumi.local.yaml', good);
  });

  test('a stack that runs elsewhere says that it needs a backend', async () => {
    const { code, stderr } = await workspace.run('up', '-s', 'prod');
    expect(code).toBe(1);
    expect(stderr).toContain('PULUMI_BACKEND_URL');
  });

  test('a tier and a target that are not built are refused by their names', async () => {
    const good = workspace.read('Pulumi.local.yaml');
    for (const [key, name] of [
      ['tier', 'split'],
      ['target', 'kubernetes'],
    ] as const) {
      workspace.configure({ [`strata:${key}`]: name });
      const { code, stdout, stderr } = await workspace.run('up');
      expect(code).toBe(1);
      expect(stdout).toContain('that is not built yet');
      expect(stdout).toContain(`received: "${name}"`);
      expect(stdout + stderr).not.toMatch(stackTrace);
      expect(stdout).not.toContain('Updating');
    }
    workspace.write('Pulumi.local.yaml', good);
  });

  test.each(['database', 'graphql'] as const)(
    'a port of %s that is taken is refused with its key and a free one',
    async (name) => {
      const port = workspace.ports[name];
      const other = await listenOn(port);
      try {
        const { code, stdout, stderr } = await workspace.run('up');
        expect(code).toBe(1);
        expect(stdout).toContain(
          `port ${String(port)} (strata:ports.${name}) is in use by another program`,
        );
        const [, free] = new RegExp(`set --path strata:ports\\.${name} (\\d+)`).exec(stdout) ?? [];
        await close(await listenOn(Number(free)));
        expect(stdout + stderr).not.toMatch(stackTrace);
        expect(stdout).not.toContain('Updating');
        expect(processesAbout(workspace.folder)).toEqual([]);
      } finally {
        await close(other);
      }
    },
  );

  test('a second up beside the first is told who is first, and the first is not disturbed', async () => {
    const first = workspace.begin('up');
    await first.line(/Previewing update/);
    const second = await workspace.run('up');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `Stack "local" is being changed already: npm run up runs (pid ${String(first.pid)}, since `,
    );
    const down = await workspace.run('down');
    expect(down).toMatchObject({ code: 1 });
    expect(down.stderr).toContain('is being changed');
    const { code, text } = await first.ended;
    expect(code, text).toBe(0);
    expect(serversOf(workspace.folder)).toHaveLength(2);
  });

  test('the lock of another machine stays, and the sentence says what removes it', async () => {
    const file = lock(4711, 'elsewhere');
    const { code, stderr } = await workspace.run('up');
    expect(code).toBe(1);
    expect(stderr).toContain('locked by ann@elsewhere (pid 4711) since 2026-01-02T03:04:05Z');
    expect(stderr).toContain('npm run pulumi -- cancel local');
    expect(existsSync(workspace.path(file))).toBe(true);
    await workspace.succeed('pulumi', '--', 'cancel', 'local', '--yes');
    expect(existsSync(workspace.path(file))).toBe(false);
  });

  test('a passphrase that does not fit is told in one sentence, and nothing changes', async () => {
    const right = workspace.read('.strata/passphrase');
    const state = JSON.stringify(stateOf(workspace));
    workspace.write('.strata/passphrase', 'wrong\n');
    for (const command of [['up'], ['preview'], ['token', '--tenant', 'acme', '--user', 'ann']]) {
      const { code, stderr } = await workspace.run(...command);
      expect(code).toBe(1);
      expect(stderr, command[0]).toMatch(
        /^The passphrase in .+\.strata\/passphrase does not open the secrets of stack "local"/,
      );
    }
    expect(JSON.stringify(stateOf(workspace))).toBe(state);
    workspace.write('.strata/passphrase', right);
  });

  test('the lock of an engine that died is removed, and said so', async () => {
    const file = lock(await deadPid(), os.hostname());
    const { code, stdout } = await workspace.run('up');
    expect(stdout).toContain('Removing the lock of an engine that was killed');
    expect(code, stdout).toBe(0);
    expect(existsSync(workspace.path(file))).toBe(false);
  });
});
