import { X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { acmeFile } from '../../gateway/tls';

/** Who signed what nginx serves: a line before the PEM blocks, which their readers pass over. */
const signedBy = 'Signed-By: ';

/** The certificate that nginx serves, as it lies in the volume. */
export interface Served {
  readonly certificate: X509Certificate;
  /** Its private key (PEM). */
  readonly key: string;
  /** The directory of the authority; `undefined` for the platform's own, which only serves until there is a better one. */
  readonly directory: string | undefined;
}

/** What nginx serves now; `undefined` when there is nothing that can be read. */
export async function served(folder: string): Promise<Served | undefined> {
  const text = await read(path.join(folder, acmeFile));
  if (!text?.includes('BEGIN CERTIFICATE')) return undefined;
  const [first = ''] = text.split('\n');
  const [key = ''] =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/.exec(text) ?? [];
  try {
    return {
      certificate: new X509Certificate(text.slice(text.indexOf('-----BEGIN CERTIFICATE'))),
      key,
      directory: first.startsWith(signedBy) ? first.slice(signedBy.length) : undefined,
    };
  } catch {
    return undefined;
  }
}

/** Puts key and certificate in the place of the old ones, both at once. `directory` is whose they are. */
export async function serve(
  folder: string,
  pair: { readonly certificate: string; readonly key: string },
  directory?: string,
): Promise<void> {
  const head = directory === undefined ? '' : `${signedBy}${directory}\n`;
  await replace(
    path.join(folder, acmeFile),
    `${head}${pair.key.trim()}\n${pair.certificate.trim()}\n`,
  );
}

/** The key of the account at an authority, made when there is none. */
export async function accountKey(
  folder: string,
  directory: string,
  make: () => Promise<Buffer>,
): Promise<string> {
  const name = path.join(folder, `account-${new URL(directory).host.replaceAll(':', '-')}.pem`);
  const known = await read(name);
  if (known !== undefined) return known;
  const key = (await make()).toString();
  await replace(name, key);
  return key;
}

/** A reader sees the old file or the new one, never a part, and after a power cut too. */
async function replace(name: string, text: string): Promise<void> {
  const temporary = `${name}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, name);
}

async function read(name: string): Promise<string | undefined> {
  try {
    return await readFile(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
