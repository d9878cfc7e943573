import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { marker, processesOf } from '../../provider/local/identity';

const folder = '/nowhere/.strata/stacks/local/run/graphql';
const root = process.platform === 'linux' && process.getuid?.() === 0;
if (!root)
  process.stderr.write('Only root can start a process of another user: one test is skipped.\n');

/** A process with the mark, of a user. */
async function started(user: { uid?: number; gid?: number } = {}): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', 'echo started; read _'], {
    env: { [marker]: folder },
    ...user,
  });
  // Once it is spawned, its environment may not be there to be read yet.
  await once(child.stdout, 'data');
  return child;
}

describe('a process of a run folder', () => {
  test('is known by the mark in its environment', async () => {
    const own = await started();
    try {
      expect(processesOf(folder)).toEqual([own.pid]);
      expect(processesOf(`${folder}2`)).toEqual([]);
    } finally {
      own.kill('SIGKILL');
    }
  });

  test.runIf(root)('is not one that another user has marked as ours', async () => {
    const forged = await started({ uid: 12_345, gid: 12_345 });
    try {
      expect(processesOf(folder)).toEqual([]);
    } finally {
      forged.kill('SIGKILL');
    }
  });
});
