import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { root } from '../../engine/root';

/** Where what root's own project folder hides from other users is kept. */
export const systemFolder = '/var/lib/strata';

/** Another user that a server runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Everything that a stack keeps on this machine, by its short name or as `organization/project/stack`. */
export function stackFolder(stack: string): string {
  return path.join(root, '.strata', 'stacks', shortName(stack));
}

/** The name that a stack has in its resources' URNs, and so in the folders that they make. */
export function shortName(stack: string): string {
  return stack.split('/').at(-1) ?? stack;
}

/** The volumes that exist in a stack's folder, as paths below the project's. */
export function volumesOf(stack: string): string[] {
  const folder = path.join(stackFolder(stack), 'volumes');
  return list(folder)
    .map((name) => path.join(folder, name))
    .filter((volume) => existsSync(volume))
    .map((volume) => path.relative(root, volume));
}

/** The folder of one process of a stack. */
export function runFolder(stack: string, name: string): string {
  return path.join(stackFolder(stack), 'run', name);
}

/** The run folders that exist, of all stacks of this project. */
export function runFolders(): { stack: string; name: string; folder: string }[] {
  return list(path.join(root, '.strata', 'stacks')).flatMap((stack) =>
    list(path.join(stackFolder(stack), 'run')).map((name) => ({
      stack,
      name,
      folder: runFolder(stack, name),
    })),
  );
}

/** The user that Postgres runs as: it refuses to run as root, so root lends it `nobody`. */
export function serverUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * The folder that really holds a volume, for its path below the project.
 *
 * Below the project wherever the server's user can get there. Where it cannot (root's home, for one) the volume stands
 * in /var/lib/strata and the project's path is a link to it, so the answer never changes once the volume exists.
 */
export function volumeDirectory(volume: string): string {
  const wanted = path.resolve(root, volume);
  if (existsSync(wanted)) return realpathSync(wanted);
  const user = serverUser();
  if (!user || canEnter(path.dirname(wanted), user)) return wanted;
  const project = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return path.join(systemFolder, project, path.relative(path.join(root, '.strata'), wanted));
}

/** Whether a user may go through every existing folder down to `folder`; what does not exist yet is made so. */
export function canEnter(folder: string, { uid, gid }: User): boolean {
  if (existsSync(folder)) {
    const { mode, uid: owner, gid: group } = statSync(folder);
    const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
  }
  const above = path.dirname(folder);
  return above === folder || canEnter(above, { uid, gid });
}

/** Makes a folder and its parents; others may pass through what is made, whatever the umask says, but not list it. */
export function makeFolder(folder: string, mode = 0o711): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, mode);
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
