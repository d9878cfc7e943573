import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { imageNames, mirrored, pinned } from '../../components/services/images';
import { images } from '../../components/settings/images';
import { messageOf, UserError } from '../errors';
import { Registries } from '../registry';
import { root } from '../root';
import { type Terminal, terminal } from '../terminal';
import { jsonOption } from './options';

interface LockOptions {
  readonly check?: boolean;
  readonly mirror?: string;
  readonly json?: boolean;
}

type Digests = Readonly<Record<string, string>>;

const fileName = 'images.lock.json';

/** `lock-images`: the digest of every pinned image, so that a tag cannot become something else. */
export function lockImagesCommand(): Command {
  const summary = 'record the digest of each pinned container image';
  return new Command('lock-images')
    .summary(summary)
    .description(`${summary} in ${fileName}; what is recorded is what targets run`)
    .option('--check', 'ask nobody and write nothing; exits with 1 when an image is not recorded')
    .option('--mirror <registry>', "ask this registry in the place of each image's own")
    .addOption(jsonOption())
    .addHelpText('after', '\nA tag that was moved upstream changes a line: look at the difference.')
    .action(lockImages);
}

async function lockImages({ check = false, mirror, json = false }: LockOptions): Promise<void> {
  const out = terminal(json);
  const before = readLock();
  if (check) requireComplete(before);
  const after = check ? before : await ask(mirrorFrom(mirror), out);
  if (!check) writeLock(after);
  const changed = Object.keys(after).filter((reference) => before[reference] !== after[reference]);
  if (json) out.result(JSON.stringify({ file: fileName, digests: after, changed }, null, 2));
  else if (check) out.result(`${fileName} has the digest of all ${imageNames.length} images.`);
  else out.result(`${fileName}: ${imageNames.length} images, ${changed.length} changed.`);
}

/** Every digest, or an error that says of each image what went wrong: a lock is never half new. */
async function ask(mirror: string | undefined, out: Terminal): Promise<Digests> {
  const registries = new Registries();
  const digests: Record<string, string> = {};
  const failures: string[] = [];
  try {
    for (const name of [...imageNames].sort()) {
      const reference = pinned(name);
      try {
        const digest = await registries.digest(mirrored(reference, mirror));
        digests[reference] = digest;
        out.note(`${reference} ${digest}`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failures.push(messageOf(error));
      }
    }
  } finally {
    await registries.close();
  }
  if (failures.length === 0) return digests;
  const count = `${failures.length} of ${imageNames.length} images have no digest; nothing was changed.`;
  throw new UserError([count, ...failures].join('\n'));
}

function mirrorFrom(given: string | undefined): string | undefined {
  const [issue] = images.safeParse({ mirror: given }).error?.issues ?? [];
  if (issue) throw new UserError(`--mirror is not valid: ${issue.message}.`);
  return given;
}

function requireComplete(locked: Digests): void {
  const wanted = imageNames.map(pinned);
  const missing = wanted.filter((reference) => locked[reference] === undefined);
  const stale = Object.keys(locked).filter((reference) => !wanted.includes(reference));
  if (missing.length + stale.length === 0) return;
  throw new UserError(
    [
      `${fileName} is not up to date; npm run lock-images writes it anew.`,
      ...missing.map((reference) => `  ${reference} is not recorded`),
      ...stale.map((reference) => `  ${reference} is recorded and not used any more`),
    ].join('\n'),
  );
}

function readLock(): Digests {
  return JSON.parse(readFileSync(path.join(root, fileName), 'utf8')) as Digests;
}

function writeLock(digests: Digests): void {
  const file = path.join(root, fileName);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(digests, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}
