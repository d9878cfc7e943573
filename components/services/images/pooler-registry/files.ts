import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { includedFile } from '../../database/pooler-tenants';

const usersFile = /^users-[0-9a-f]{16}\.txt(?:\.new)?$/;

/** The name of a list of users: another text is another file, so that a list and what includes it change at once. */
export function usersName(users: string): string {
  return `users-${createHash('sha256').update(users).digest('hex').slice(0, 16)}.txt`;
}

/** The configuration that lies in the folder; `undefined` when there is none. */
export async function included(folder: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(folder, includedFile), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Lays down the list of users first: whatever interrupts this, the configuration that is there names a list that is. */
export async function install(folder: string, configuration: string, users: string): Promise<void> {
  await replace(path.join(folder, usersName(users)), users);
  await installAgain(folder, configuration);
}

/** Puts back a configuration whose list of users is still there. */
export async function installAgain(folder: string, configuration: string): Promise<void> {
  await replace(path.join(folder, includedFile), configuration);
}

/** Removes the lists of users that `configuration` does not name. */
export async function tidy(folder: string, configuration: string): Promise<void> {
  const stale = (await readdir(folder)).filter(
    (name) => usersFile.test(name) && !configuration.includes(`/${name}\n`),
  );
  await Promise.all(stale.map((name) => rm(path.join(folder, name), { force: true })));
}

/** A reader sees the old file or the new one, never a part, and after a power cut too. */
async function replace(name: string, text: string): Promise<void> {
  const temporary = `${name}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, name);
}
