import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../engine/errors';
import { root } from '../../../engine/root';
import { plugins } from '../../support/lab';
import { labPlugin } from './lab-plugin';

const run = promisify(execFile);

/** An emulator of AWS (https://docs.getmoto.org), in the version that these tests know. */
const moto = 'moto[server]==5.2.5';

/** Installs the emulator and, where there is a lab, its plugin; tests that miss one say so and are skipped. */
export default async function setup(): Promise<void> {
  const python = process.env.MOTO_PYTHON ?? '';
  try {
    if (!existsSync(python)) {
      await run('python3', ['-m', 'venv', path.resolve(python, '../..')]);
      await run(python, ['-m', 'pip', 'install', '--quiet', moto]);
    }
    if (existsSync(labPlugin) && !isInstalled()) await install();
  } catch (error) {
    process.stderr.write(`The emulator of AWS cannot be installed here: ${messageOf(error)}\n`);
  }
}

const isOfAws = (name: string): boolean => /^resource-aws-v[\d.]+$/.test(name);

/** Whether it is whole, and of the lab as it is now. */
function isInstalled(): boolean {
  const installed = existsSync(plugins) ? readdirSync(plugins).filter(isOfAws) : [];
  const mark = path.join(plugins, installed[0] ?? '', 'LAB');
  if (installed.length !== 1 || !existsSync(mark)) return false;
  const folder = path.dirname(labPlugin);
  const changed = readdirSync(folder).map((file) => statSync(path.join(folder, file)).mtimeMs);
  return Math.max(...changed) < statSync(mark).mtimeMs;
}

/** Beside it first: another run of tests may be at the same. */
async function install(): Promise<void> {
  mkdirSync(plugins, { recursive: true });
  const home = mkdtempSync(path.join(plugins, '.lab-'));
  try {
    await run(labPlugin, [root], { env: { ...process.env, PULUMI_HOME: home } });
    for (const name of readdirSync(path.join(home, 'plugins'))) {
      rmSync(path.join(plugins, name), { recursive: true, force: true });
      renameSync(path.join(home, 'plugins', name), path.join(plugins, name));
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
