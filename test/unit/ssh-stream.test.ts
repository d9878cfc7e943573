import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SshStream } from '../../provider/reach/ssh';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 't-ssh-'));
  vi.stubEnv('PATH', `${folder}:${process.env.PATH ?? ''}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a connection that the other end has closed can be closed here (a stand-in for ssh)', async () => {
  writeFileSync(path.join(folder, 'ssh'), '#!/bin/sh\necho bye\n', { mode: 0o755 });
  const stream = new SshStream(
    { user: undefined, host: 'db.example.com', port: undefined },
    { forward: '127.0.0.1:5432' },
  );
  expect(String((await once(stream, 'data'))[0])).toBe('bye\n');
  await once(stream, 'end');
  const closed = once(stream, 'close');
  stream.end();
  await closed;
});
