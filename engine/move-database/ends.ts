import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Ends } from '../../provider/database-move/ends';
import { messageOf, UserError } from '../errors';
import { withStack } from '../session';
import type { Terminal } from '../terminal';
import { awake } from './awake';
import { endsInState, type StackEnd } from './stack-ends';

/** How the command is told its two servers: by the stack that has both, or by two files. */
export interface EndOptions {
  readonly stack?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Runs `work` with the URLs of both servers' admins. Throws a sentence where the options do not name both, once. */
export async function withEnds<T>(
  { stack, from, to }: EndOptions,
  out: Terminal,
  work: (ends: Ends) => Promise<T>,
): Promise<T> {
  if (stack === undefined && from !== undefined && to !== undefined) {
    return work({ source: urlIn('--from', from), target: urlIn('--to', to) });
  }
  if (stack === undefined || from !== undefined || to !== undefined) {
    throw new UserError(
      'Which servers? Either --stack <name>, whose state names both, or --from <file> and --to <file>.',
      2,
    );
  }
  const options = { name: stack, out, purpose: 'npm run move-database', changes: false };
  const exported = await withStack({ ...options, create: false }, (session) =>
    session.stack.exportStack(),
  );
  return withAuthorities(endsInState(stack, exported.deployment as unknown), (ends) =>
    awake(ends, () => work(ends)),
  );
}

/** libpq reads authorities from files only. */
export async function withAuthorities<T>(
  { source, target }: { readonly source: StackEnd; readonly target: StackEnd },
  work: (ends: Ends) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-move-'));
  const urlWith = (name: string, { url, authority }: StackEnd): string => {
    const file = path.join(folder, `${name}.pem`);
    writeFileSync(file, authority);
    const trusting = new URL(url);
    trusting.searchParams.set('sslrootcert', file);
    return trusting.href;
  };
  try {
    return await work({ source: urlWith('source', source), target: urlWith('target', target) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Words of an error must not show what stands in the file. */
function urlIn(option: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`${option}: ${file} cannot be read: ${messageOf(error)}`, 2);
  }
  if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new UserError(
    `${option}: ${file} holds no connection URL such as postgresql://postgres:…@host:5432/postgres`,
    2,
  );
}
