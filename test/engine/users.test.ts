import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { findPulumi } from '../../engine/pulumi/find';
import { terminal } from '../../engine/terminal';
import { notes, whyNoEngine, type Outputs } from '../support/engine';
import { processesAbout, serversOf } from '../support/processes';
import { Workspace } from '../support/workspace';

const ordinary = 1000;

const reason = (await whyNoEngine()) ?? (process.getuid?.() === 0 ? undefined : 'not root');
if (reason === 'not root') {
  process.stderr.write('Tests as two users are skipped: only root can run as another user.\n');
}
const opened = reason ? undefined : await openCli();
const closed = reason ? undefined : whyClosed();
if (closed) process.stderr.write(`Tests as an ordinary user are skipped: ${closed}\n`);

/** The CLI at a place where every user can run it: the cache that it was built into belongs to one user alone. */
async function openCli(): Promise<string | undefined> {
  const { command } = await findPulumi(terminal(true));
  if (!path.isAbsolute(command)) return undefined;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-cli-'));
  chmodSync(folder, 0o755);
  cpSync(path.dirname(path.dirname(command)), folder, { recursive: true });
  process.env.PATH = `${path.join(folder, 'bin')}${path.delimiter}${process.env.PATH ?? ''}`;
  return folder;
}

/** Why another user cannot run this checkout's packages. */
function whyClosed(): string | undefined {
  try {
    execFileSync(process.execPath, ['-e', "require('@pulumi/pulumi/errors')"], {
      uid: ordinary,
      gid: ordinary,
      stdio: 'pipe',
      env: { PATH: process.env.PATH, HOME: os.tmpdir() },
    });
    execFileSync('pulumi', ['version'], {
      uid: ordinary,
      gid: ordinary,
      stdio: 'pipe',
      env: { PATH: process.env.PATH, HOME: os.tmpdir() },
    });
    return undefined;
  } catch (error) {
    return `user ${String(ordinary)} cannot get at node_modules or the Pulumi CLI (${(error as Error).message})`;
  }
}

let workspace: Workspace;

afterEach(() => workspace.dispose());

afterAll(() => {
  if (opened !== undefined) rmSync(opened, { recursive: true });
});

/** Deploys, asks and stops. */
async function upStatusDown(): Promise<void> {
  await workspace.succeed('up');
  expect(await notes(await workspace.outputs<Outputs>())).toHaveLength(5);
  expect(JSON.parse(await workspace.succeed('status', '--json'))).toMatchObject({ healthy: true });
  expect(serversOf(workspace.folder)).toHaveLength(2);
}

test.skipIf(reason)('root deploys from a folder that only root may enter', async () => {
  workspace = await Workspace.create({ parent: os.homedir(), mode: 0o700 });
  await upStatusDown();
  // Postgres refuses to run as root, and whom it runs as instead cannot enter the folder.
  const volume = workspace.path('.strata/stacks/local/volumes/database-1');
  expect(lstatSync(volume).isSymbolicLink()).toBe(true);
  const data = `${realpathSync(volume)}/data`;
  expect(statSync(data).uid).not.toBe(0);
  expect(statSync(`/proc/${String(workspace.pid('database'))}`).uid).toBe(statSync(data).uid);

  await workspace.succeed('destroy', '--yes', '--with-data');
  expect(existsSync(data)).toBe(false);
  expect(processesAbout(workspace.folder)).toEqual([]);
});

test.skipIf(reason ?? closed)(
  'an ordinary user deploys, and everything runs as that user',
  async () => {
    workspace = await Workspace.create({ uid: ordinary });
    await upStatusDown();
    for (const name of ['database', 'graphql']) {
      expect(statSync(`/proc/${String(workspace.pid(name))}`).uid, name).toBe(ordinary);
    }
    expect(await workspace.succeed('down')).toContain('Stopped: graphql, database');
    expect(processesAbout(workspace.folder)).toEqual([]);
    expect(statSync(workspace.path('.strata/passphrase')).uid).toBe(ordinary);
  },
);
