import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../engine/errors';
import { root } from '../../../engine/root';
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
    if (existsSync(labPlugin)) await run(labPlugin, [root]);
  } catch (error) {
    process.stderr.write(`The emulator of AWS cannot be installed here: ${messageOf(error)}\n`);
  }
}
