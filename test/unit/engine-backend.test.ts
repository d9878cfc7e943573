import {
  chmodSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backendFor } from '../../engine/backend';
import { passphraseFile } from '../../engine/passphrase';

let root: string;
let home: NodeJS.ProcessEnv;

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'strata-backend-'));
  home = { PULUMI_HOME: path.join(root, 'home') };
  mkdirSync(path.join(root, 'home'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the backend of a stack', () => {
  test('local without a login: files in .strata and a generated passphrase', () => {
    const { env, folder, generatedPassphrase } = backendFor('local', root, home);

    expect(env.PULUMI_BACKEND_URL).toBe(`file://${root}/.strata/state?metadata=skip`);
    expect(env.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(path.join(root, '.strata/passphrase'));
    expect(folder).toBe(path.join(root, '.strata/state'));
    expect(mode(path.join(root, '.strata/state'))).toBe('700');
    expect(generatedPassphrase).toBe(true);
  });

  test('PULUMI_BACKEND_URL is the user’s and stays', () => {
    const { env, folder } = backendFor('local', root, {
      ...home,
      PULUMI_BACKEND_URL: 's3://state',
    });

    expect(env).not.toHaveProperty('PULUMI_BACKEND_URL');
    expect(folder).toBeUndefined();
  });

  test.each([
    ['file:///state', 'file:///state?metadata=skip', '/state'],
    ['file:///state?create_dir=true', 'file:///state?create_dir=true&metadata=skip', '/state'],
    ['file:///state?metadata=skip', 'file:///state?metadata=skip', '/state'],
    ['file://~', 'file://~?metadata=skip', `${os.homedir()}/`],
  ])('%s of the user’s is written at once or not at all: %s', (given, wanted, where) => {
    const { env, folder } = backendFor('prod', root, { ...home, PULUMI_BACKEND_URL: given });
    expect(env.PULUMI_BACKEND_URL).toBe(wanted);
    expect(path.resolve(folder ?? '')).toBe(path.resolve(where));
  });

  test('the user’s own passphrase stays, and the stack’s file is theirs', () => {
    const { env, generatedPassphrase } = backendFor('local', root, {
      ...home,
      PULUMI_CONFIG_PASSPHRASE: 'mine',
    });

    expect(env).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE_FILE');
    expect(generatedPassphrase).toBe(false);
  });

  test('a recorded login is used, for any stack', () => {
    const url = `file://${root}/elsewhere`;
    writeFileSync(path.join(root, 'home/credentials.json'), JSON.stringify({ current: url }));

    const { env, folder } = backendFor('prod', root, home);

    expect(env.PULUMI_BACKEND_URL).toBe(`${url}?metadata=skip`);
    expect(env).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE_FILE');
    expect(folder).toBe(path.join(root, 'elsewhere'));
  });

  test('another stack without a backend is refused with what to do', () => {
    expect(() => backendFor('prod', root, home)).toThrow(
      /"prod" needs a Pulumi backend[^]*npm run pulumi -- login[^]*PULUMI_BACKEND_URL/,
    );
  });
});

describe('the generated passphrase', () => {
  test('is readable by its owner only, in a folder that others may pass through but not list', () => {
    const folder = path.join(root, '.strata');
    const file = passphraseFile(folder);

    expect(mode(file)).toBe('600');
    expect(mode(folder)).toBe('711');
    expect(readFileSync(file, 'utf8').trim()).toMatch(/^[\w-]{43}$/);
  });

  test('stays the same, and a mode that was widened is narrowed again', () => {
    const file = passphraseFile(path.join(root, '.strata'));
    const before = readFileSync(file, 'utf8');
    chmodSync(file, 0o644);

    expect(passphraseFile(path.join(root, '.strata'))).toBe(file);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(mode(file)).toBe('600');
  });
});
