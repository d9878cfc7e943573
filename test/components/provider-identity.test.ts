import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { marker, processesOf } from '../../provider/local/identity';

const folder = '/nowhere/.strata/stacks/local/run/graphql';
const root = process.platform === 'linux' && process.getuid?.() === 0;
if (!root)
  process.stderr.write('Only root can start a process of another user: one test is skipped.\n');

describe('a process of a run folder', () => {
  test('is known by the mark in its environment', async () => {
    const own = spawn('sleep', ['60'], { env: { [marker]: folder } });
    await once(own, 'spawn');
    try {
      expect(processesOf(folder)).toEqual([own.pid]);
      expect(processesOf(`${folder}2`)).toEqual([]);
    } finally {
      own.kill('SIGKILL');
    }
  });

  test.runIf(root)('is not one that another user has marked as ours', async () => {
    const forged = spawn('sleep', ['60'], { env: { [marker]: folder }, uid: 12_345, gid: 12_345 });
    await once(forged, 'spawn');
    try {
      expect(processesOf(folder)).toEqual([]);
    } finally {
      forged.kill('SIGKILL');
    }
  });
});
