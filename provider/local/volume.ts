import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { deletionVariable, mayBeDeleted, volumeToken } from '../../engine/deletion';
import { UserError } from '../../engine/errors';
import { root } from '../../engine/root';
import type { Context, Resource } from '../host/resource';
import { differences } from './changes';
import { makeFolder, systemFolder, volumeDirectory } from './folders';
import { missingData } from './missing';
import { userOf } from './processes';

/** Tells a volume from any other folder, and whose it is. */
const markerFile = 'strata-volume';

/**
 * A folder of this machine that holds data.
 *
 * A folder that this stack made before (its state may have been lost since) is taken up with all that it holds. One
 * that is recorded and not there is an error: an empty one is never put in its place.
 * Deleting it is refused unless the environment variable STRATA_DELETE_DATA holds its token, `<stack>/<name>`, and
 * while a process still works in it.
 *
 * @example new Volume('database-1', { path: '.strata/stacks/local/volumes/database-1' }, { protect: true });
 */
export interface VolumeInputs {
  /** Below the project's folder. Where root's project is hidden from other users it becomes a link. */
  path: string;
}

export const volume: Resource<VolumeInputs, VolumeInputs> = {
  inputs: z.object({
    path: z
      .string()
      .regex(
        /^\.strata\/stacks\/[^/]+\/volumes\/[^/]+$/,
        'must look like .strata/stacks/<stack>/volumes/<name>',
      ),
  }),
  computed: [],

  diff: (state, inputs) => differences(state, inputs, ['path'], 'replace'),

  create(inputs, context) {
    make(inputs.path, tokenOf(context));
    return Promise.resolve({ id: inputs.path, state: inputs });
  },

  read(_id, state, context) {
    if (isVolume(state.path)) return Promise.resolve(state);
    const what = `the folder of volume ${context.name} (${state.path})`;
    return Promise.reject(missingData(what, context));
  },

  delete(_id, state, context) {
    refuseDelete(tokenOf(context));
    refuseInUse(state.path, tokenOf(context));
    remove(state.path);
    return Promise.resolve();
  },
};

/** Whether a volume is there; an empty folder, such as that of a disk that is not mounted, is none. */
export function isVolume(volumePath: string): boolean {
  return existsSync(path.join(volumeDirectory(volumePath), markerFile));
}

function make(volumePath: string, token: string): void {
  const directory = volumeDirectory(volumePath);
  const marker = path.join(directory, markerFile);
  const owner = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : undefined;
  if (owner !== undefined && owner !== token) {
    throw new UserError(
      `${volumePath} is the volume ${owner}, not ${token}: choose another path, or move it away`,
    );
  }
  if (owner === undefined && existsSync(directory) && readdirSync(directory).length > 0) {
    throw new UserError(
      `${volumePath} is not empty and not a volume of Strata: move what it holds away`,
    );
  }
  makeFolder(directory);
  writeFileSync(marker, `${token}\n`);
  const wanted = path.resolve(root, volumePath);
  if (existsSync(wanted)) return;
  makeFolder(path.dirname(wanted));
  if (lstatSync(wanted, { throwIfNoEntry: false })) rmSync(wanted);
  symlinkSync(directory, wanted);
}

/** Throws unless the environment names this very volume as data that may be destroyed. */
export function refuseDelete(token: string): void {
  if (mayBeDeleted(token)) return;
  throw new UserError(
    `volume ${token} holds data and is not deleted without its token: put it back into the program to keep it, or ` +
      `destroy the data for good with ${deletionVariable}=${token}`,
  );
}

function refuseInUse(volumePath: string, token: string): void {
  const directory = volumeDirectory(volumePath);
  const user = userOf(path.join(directory, 'data'));
  if (user !== undefined) {
    throw new UserError(
      `volume ${token} is in use by process ${user}: stop it first (npm run down)`,
    );
  }
}

function remove(volumePath: string): void {
  const directory = volumeDirectory(volumePath);
  rmSync(directory, { recursive: true, force: true });
  rmSync(path.resolve(root, volumePath), { recursive: true, force: true });
  removeEmpty(path.dirname(directory), systemFolder);
}

/** Removes a folder and its parents, up to `limit`, as long as they are empty. */
function removeEmpty(folder: string, limit: string): void {
  if (!folder.startsWith(`${limit}/`) || !existsSync(folder) || readdirSync(folder).length > 0)
    return;
  rmdirSync(folder);
  removeEmpty(path.dirname(folder), limit);
}

function tokenOf({ stack, name }: Context): string {
  return volumeToken(stack, name);
}
