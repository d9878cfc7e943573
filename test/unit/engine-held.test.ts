import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hold, readHolder } from '../../engine/held';
import { end, identify, isAlive, sessionOf } from '../../engine/processes';
import { install } from '../../engine/pulumi/install';
import type { Terminal } from '../../engine/terminal';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-held-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a hold', () => {
  test('lets one in and tells the next who has it and since when', () => {
    const file = path.join(folder, 'hold');
    const first = hold(file, 'npm run up');
    const second = hold(file, 'npm run destroy');

    expect(first).toHaveProperty('release');
    expect(second).toMatchObject({ pid: process.pid, purpose: 'npm run up' });
    expect(readdirSync(folder)).toEqual(['hold']);
  });

  test('is free again after its release', () => {
    const file = path.join(folder, 'hold');
    const first = hold(file, 'npm run up');
    if ('release' in first) first.release();

    expect(readHolder(file)).toBeUndefined();
    expect(hold(file, 'npm run up')).toHaveProperty('release');
  });

  test('of a process that is gone is nobody’s', () => {
    const file = path.join(folder, 'hold');
    writeFileSync(
      file,
      JSON.stringify({ pid: 999_999_999, started: '1', purpose: 'x', since: 'y' }),
    );

    expect(hold(file, 'npm run up')).toHaveProperty('release');
    expect(readdirSync(folder)).toEqual(['hold']);
  });

  test('of an earlier process whose pid another one has now is nobody’s', () => {
    const file = path.join(folder, 'hold');
    writeFileSync(
      file,
      JSON.stringify({ pid: process.pid, started: '1', purpose: 'x', since: 'y' }),
    );

    expect(hold(file, 'npm run up')).toHaveProperty('release');
  });

  test('of which a killed process wrote half is nobody’s', () => {
    const file = path.join(folder, 'hold');
    writeFileSync(file, '{"pid":');

    expect(hold(file, 'npm run up')).toHaveProperty('release');
  });
});

describe('installing into the cache', () => {
  const out: Terminal = {
    result: () => undefined,
    note: () => undefined,
    stream: () => undefined,
    colour: false,
    progress: process.stderr,
  };

  test('shows the folder only when it is complete', async () => {
    const target = path.join(folder, 'pulumi');

    await install(target, out, (into) => {
      writeFileSync(path.join(into, 'file'), '');
      expect(readdirSync(folder)).not.toContain('pulumi');
      return Promise.resolve();
    });

    expect(readdirSync(folder)).toEqual(['pulumi']);
    expect(readdirSync(target)).toEqual(['file']);
  });

  test('removes what a killed process left unfinished', async () => {
    mkdirSync(path.join(folder, 'pulumi.unfinished-999999999'));

    await install(path.join(folder, 'pulumi'), out, () => Promise.resolve());

    expect(readdirSync(folder)).toEqual(['pulumi']);
  });

  test('leaves nothing when it fails', async () => {
    const failing = install(path.join(folder, 'pulumi'), out, () =>
      Promise.reject(new Error('no')),
    );

    await expect(failing).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('processes', () => {
  test('one that does not listen to SIGINT is ended after its grace', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `process.on('SIGINT', () => 0); console.log('ready'); setTimeout(() => 0, 60_000)`,
    ]);
    await once(child.stdout, 'data');
    const id = identify(child.pid ?? 0);
    if (!id) throw new Error('the child does not live');

    await end(id, 'SIGINT', 0.3);

    expect(isAlive(id)).toBe(false);
  });

  test.runIf(process.platform === 'linux')('what a killed leader started is found', async () => {
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 0, 60_000)']);
      console.log(child.pid); setTimeout(() => 0, 60_000)`;
    const leader = spawn(process.execPath, ['-e', script], { detached: true });
    const [line] = (await once(leader.stdout, 'data')) as [Buffer];
    const id = identify(leader.pid ?? 0);
    if (!id) throw new Error('the leader does not live');
    leader.kill('SIGKILL');
    await once(leader, 'exit');

    const left = sessionOf(id);
    await Promise.all(left.map((one) => end(one, 'SIGTERM', 1)));

    expect(left.map((one) => one.pid)).toEqual([Number(line.toString())]);
    expect(sessionOf(id)).toEqual([]);
  });
});
