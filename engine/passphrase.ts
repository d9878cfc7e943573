import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../provider/local/folders';
import { UserError } from './errors';

/** What Pulumi says, in several ways, when a passphrase is not the one that the secrets were encrypted with. */
export function saysWrongPassphrase(said: string): boolean {
  return said.includes('incorrect passphrase');
}

/** The secrets of a stack need another passphrase; `file` holds the one that was tried, when it is a generated one. */
export function wrongPassphrase(stack: string, file: string | undefined): UserError {
  const tried = file === undefined ? 'of PULUMI_CONFIG_PASSPHRASE (or its _FILE)' : `in ${file}`;
  return new UserError(
    `The passphrase ${tried} does not open the secrets of stack "${stack}": they were encrypted with another one. ` +
      'Put that one back; nothing was changed.',
  );
}

/**
 * The file that holds this clone's generated passphrase; made when it is absent, whole from the first moment, readable
 * by its owner only. Losing it means losing the secrets in the state, so it is never written over.
 */
export function passphraseFile(folder: string): string {
  makeFolder(folder);
  const file = path.join(folder, 'passphrase');
  if (existsSync(file)) {
    chmodSync(file, 0o600);
    return file;
  }
  const mine = `${file}.${String(process.pid)}`;
  writeFileSync(mine, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(mine, file);
  } catch (error) {
    // Another command was first: its passphrase is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  return file;
}
