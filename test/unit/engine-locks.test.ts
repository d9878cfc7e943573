import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Lock, readLocks, stateOf } from '../../engine/locks';
import { maySettlePending } from '../../engine/pending';

let folder: string;

const lock = (pid: number, hostname = os.hostname()): Lock => ({
  pid,
  hostname,
  username: 'ann',
  timestamp: '2026-01-01T00:00:00Z',
});

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-locks-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('locks of the file backend', () => {
  test('those of this project’s stack are read, and no others', () => {
    write('strata', 'local', 'a.json', JSON.stringify(lock(1)));
    write('strata', 'prod', 'b.json', JSON.stringify(lock(2)));
    write('other', 'local', 'c.json', JSON.stringify(lock(3)));

    expect(readLocks(folder, 'strata', 'local').map(({ pid }) => pid)).toEqual([1]);
    expect(readLocks(folder, 'strata', 'never')).toEqual([]);
  });

  test('one that is half written counts as none', () => {
    write('strata', 'local', 'a.json', '{"pid":');

    expect(readLocks(folder, 'strata', 'local')).toEqual([]);
  });

  test('its engine lives: a stand-in "pulumi" that runs', async () => {
    const file = path.join(folder, 'pulumi');
    writeFileSync(file, '#!/bin/sh\necho ready\nread line\n');
    chmodSync(file, 0o755);
    const child = spawn(file);
    await once(child.stdout, 'data');

    expect(stateOf(lock(child.pid ?? 0))).toBe('living');

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(stateOf(lock(child.pid ?? 0))).toBe('dead');
  });

  test('its pid belongs to a program that is no engine by now: dead', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');

    expect(stateOf(lock(child.pid ?? 0))).toBe('dead');

    child.kill();
  });

  test('of another machine: only a person can know', () => {
    expect(stateOf(lock(1, 'another-machine'))).toBe('elsewhere');
  });
});

describe('pending operations after a kill', () => {
  const operation = (
    type: string,
    resource: string,
  ): { type: string; resource: { urn: string; type: string } } => ({
    type,
    resource: { urn: `urn:pulumi:local::strata::${resource}::x`, type: resource },
  });

  test('are settled when every creation is of our own resources', () => {
    expect(
      maySettlePending({
        pending_operations: [
          operation('creating', 'strata:local:Postgres'),
          operation('deleting', 'aws:s3:Bucket'),
        ],
      }),
    ).toBe(true);
  });

  test('are kept when a creation of another provider is among them', () => {
    expect(
      maySettlePending({
        pending_operations: [
          operation('creating', 'strata:local:Postgres'),
          operation('creating', 'gcp:storage/bucket:Bucket'),
        ],
      }),
    ).toBe(false);
  });

  test('are settled when each can be made again: containers, networks, images, passwords', () => {
    const pending_operations = [
      operation('creating', 'docker:index/container:Container'),
      operation('creating', 'docker:index/network:Network'),
      operation('creating', 'docker:index/remoteImage:RemoteImage'),
      operation('creating', 'random:index/randomPassword:RandomPassword'),
    ];
    expect(maySettlePending({ pending_operations })).toBe(true);
  });

  test('are kept when a volume of the Docker plugin is among them: it may hold data', () => {
    const pending_operations = [operation('creating', 'docker:index/volume:Volume')];
    expect(maySettlePending({ pending_operations })).toBe(false);
  });

  test('without any creation the state is not touched', () => {
    expect(maySettlePending({ resources: [] })).toBe(false);
    expect(
      maySettlePending({ pending_operations: [operation('updating', 'strata:local:Postgres')] }),
    ).toBe(false);
  });
});

function write(project: string, stack: string, name: string, content: string): void {
  const locks = path.join(folder, '.pulumi/locks/organization', project, stack);
  mkdirSync(locks, { recursive: true });
  writeFileSync(path.join(locks, name), content);
}
