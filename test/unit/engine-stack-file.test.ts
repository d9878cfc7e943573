import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StackFile } from '../../engine/stack-file';

const original = `# a comment
config:
  strata:tenancy:
    tenants: { acme: { members: { ann: admin } } }


  strata:tier: single # here
`;
const salt = 'encryptionsalt: v1:abc=:v1:def:ghi==\n';
/** What Pulumi makes of it: its own spacing, and the salt. */
const written = `# a comment
config:
  strata:tenancy:
    tenants: {acme: {members: {ann: admin}}}
  strata:tier: single # here
${salt}`;

let root: string;
let file: string;

const read = (): string => readFileSync(file, 'utf8');

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'strata-file-'));
  file = path.join(root, 'Pulumi.local.yaml');
  writeFileSync(file, original);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function command(during: () => void): string | undefined {
  const stackFile = new StackFile(root, 'local');
  stackFile.remember();
  during();
  return stackFile.restore();
}

describe('the stack’s file after a command with a generated passphrase', () => {
  test('is byte for byte what it was when Pulumi added only its salt', () => {
    command(() => {
      writeFileSync(file, written);
    });

    expect(read()).toBe(original);
  });

  test('keeps what the command changed, without the salt', () => {
    const changed = written.replace('single', 'split');
    command(() => {
      writeFileSync(file, changed);
    });

    expect(read()).toBe(changed.replace(salt, ''));
  });

  test('keeps the salt with a secret that the user set, and says so once', () => {
    const secret = `${written}  strata:key:\n    secure: v1:xyz\n`;
    const said = command(() => {
      writeFileSync(file, secret);
    });
    const saidAgain = command(() => undefined);

    expect(read()).toBe(secret);
    expect(said).toContain('.strata/passphrase');
    expect(saidAgain).toBeUndefined();
  });

  test('is restored by the next command when the one before was killed', () => {
    new StackFile(root, 'local').remember();
    writeFileSync(file, written);

    new StackFile(root, 'local').remember();

    expect(read()).toBe(original);
  });

  test('keeps an edit that was made after a killed command', () => {
    new StackFile(root, 'local').remember();
    writeFileSync(file, written.replace('ann', 'bob'));

    command(() => undefined);

    expect(read()).toBe(written.replace('ann', 'bob').replace(salt, ''));
  });

  test('does not exist when it did not and Pulumi wrote nothing but the salt', () => {
    rmSync(file);
    command(() => {
      writeFileSync(file, salt);
    });

    expect(existsSync(file)).toBe(false);
  });
});
