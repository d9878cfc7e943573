import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canEnter, makeFolder } from '../../provider/local/folders';

const other = { uid: 64_321, gid: 64_321 };

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'strata-folders-')));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('whether another user can get to a folder', () => {
  test('every folder on the way has to let them through', () => {
    const deep = path.join(folder, 'a/b');
    mkdirSync(deep, { recursive: true });
    chmodSync(folder, 0o700);
    expect(canEnter(deep, other)).toBe(false);
    chmodSync(folder, 0o711);
    expect(canEnter(deep, other)).toBe(true);
    chmodSync(path.dirname(deep), 0o700);
    expect(canEnter(deep, other)).toBe(false);
  });

  test('what does not exist yet is made so that they can, whatever the umask', () => {
    chmodSync(folder, 0o711);
    const deep = path.join(folder, 'a/b');
    expect(canEnter(deep, other)).toBe(true);
    const before = process.umask(0o077);
    makeFolder(deep);
    process.umask(before);
    expect(canEnter(deep, other)).toBe(true);
    expect(statSync(deep).mode & 0o777).toBe(0o711);
  });
});
