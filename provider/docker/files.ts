import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { found, hostInput, isConflict, readEngine, withEngine } from './engine';
import { imageName, kindLabel, labelOf, ownerLabel } from './names';
import { fileProblems, foldersOf, relativePath } from './paths';
import { ensureImage } from './progress';

const kind = 'files';
const filesMode = 0o400;
const folderMode = 0o500;
/** Where the helper has the volume, below its root. */
export const place = 'strata';
const removeTries = 5;
const removeEveryMs = 1_000;
const highestId = 2 ** 32 - 2;

/**
 * The configuration and secrets of one service: a volume that is filled once and never written again. Other contents
 * are another volume, under a new name; whoever mounts it is replaced, and then the former volume is removed.
 *
 * The files are readable by one user only and nobody can write them. The contents are kept in the state as secrets, and
 * nowhere else in a form that a weak secret could be guessed from: no hash of them is made public.
 * It is filled through a container that never starts, so `image` may be any image that the engine has.
 *
 * @example
 * new Files('files-gateway', {
 *   prefix: 'strata-dev-gateway', files: { 'files/nginx.conf': text, 'secrets/KEY': key }, uid: 101, gid: 101, image,
 * }, { parent: this }).volume
 */
export interface FilesInputs {
  /** As DOCKER_HOST says it; the environment's engine when not given. */
  host?: string;
  /** What the volume's name begins with. */
  prefix: string;
  /** Contents by relative path; 8 MiB together. */
  files: Record<string, string>;
  /** Whose the files are. */
  uid: number;
  gid: number;
  /** Of the helper. Another one changes nothing. */
  image: string;
  labels?: Record<string, string>;
}

export interface FilesState extends FilesInputs {
  /** The volume's name: the prefix and eight hexadecimal digits. */
  volume: string;
}

export const files: Resource<FilesInputs, FilesState> = {
  inputs: z.object({
    host: hostInput,
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,117}$/, 'must be letters, digits, _ . and -'),
    files: z.record(relativePath, z.string()),
    uid: z.int().min(0).max(highestId),
    gid: z.int().min(0).max(highestId),
    image: imageName,
    labels: z.record(z.string(), z.string()).optional(),
  }),
  computed: ['volume'],

  check: (inputs) => Promise.resolve(fileProblems(inputs.files)),

  diff: (state, inputs) =>
    differences(state, inputs, ['host', 'prefix', 'files', 'uid', 'gid', 'labels'], 'replace'),

  async create(inputs, context) {
    const volume = `${inputs.prefix}-${randomBytes(4).toString('hex')}`;
    await withEngine(inputs.host, (docker) => make(docker, volume, inputs, context));
    return { id: volume, state: { ...inputs, volume } };
  },

  read: (_id, state, context) =>
    readEngine(state.host, state, context, async (docker) => {
      const there = await found(docker.getVolume(state.volume).inspect());
      return isFiles(there) ? state : undefined;
    }),

  delete: (_id, state, context) =>
    withEngine(state.host, (docker) => remove(docker, state.volume, context)),
};

async function make(
  docker: Docker,
  volume: string,
  inputs: FilesInputs,
  context: Context,
): Promise<void> {
  await ensureImage(docker, inputs.image, context);
  await docker.createVolume({
    Name: volume,
    Labels: { ...inputs.labels, [kindLabel]: kind, [ownerLabel]: context.urn },
  });
  try {
    await fillVolume(docker, volume, inputs.image, archive(inputs));
    context.signal.throwIfAborted();
  } catch (error) {
    await docker
      .getVolume(volume)
      .remove()
      .catch(() => undefined);
    throw error;
  }
}

/** Unpacks an archive into a volume, which it finds as its folder `place`; nothing is started for it. */
export async function fillVolume(
  docker: Docker,
  volume: string,
  image: string,
  content: Readable,
): Promise<void> {
  const helper = await docker.createContainer({
    Image: image,
    Entrypoint: ['never-started'],
    Cmd: [],
    Labels: { [kindLabel]: 'helper' },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: `/${place}` }],
    },
  });
  try {
    await helper.putArchive(content, { path: '/' });
  } finally {
    await helper.remove({ force: true, v: true });
  }
}

/** From the helper's root: the engine sets owner and mode of the folder of a volume only from outside of it. */
function archive({ files: contents, uid, gid }: FilesInputs): Readable {
  const tar = pack();
  const owner = { uid, gid, mtime: new Date(0) };
  const names = Object.keys(contents).sort();
  const folders = [...new Set(names.flatMap(foldersOf))].sort();
  for (const name of [place, ...folders.map((folder) => `${place}/${folder}`)]) {
    tar.entry({ ...owner, name: `${name}/`, type: 'directory', mode: folderMode });
  }
  for (const name of names) {
    tar.entry({ ...owner, name: `${place}/${name}`, mode: filesMode }, contents[name] ?? '');
  }
  tar.finalize();
  return tar as unknown as Readable;
}

/** A container that is being removed may hold it a moment longer. */
async function remove(docker: Docker, name: string, { signal }: Context): Promise<void> {
  const volume = docker.getVolume(name);
  if (!isFiles(await found(volume.inspect()))) return;
  for (let tried = 1; ; tried += 1) {
    try {
      await found(volume.remove());
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    if (tried === removeTries) throw await inUse(docker, name);
    await sleep(removeEveryMs);
    signal.throwIfAborted();
  }
}

async function inUse(docker: Docker, volume: string): Promise<UserError> {
  const users = await docker.listContainers({ all: true, filters: { volume: [volume] } });
  const names = users.map(({ Id, Names: [name = Id] }) => name.replace(/^\//, '')).join(', ');
  return new UserError(
    `the volume ${volume} is used by ${names || 'a container'}: remove that first (docker rm -f ${names || 'NAME'}), ` +
      'then run this again',
  );
}

/** A volume that this resource made, and not one that was given its name since. */
function isFiles(volume: Docker.VolumeInspectInfo | undefined): boolean {
  return labelOf(volume, kindLabel) === kind;
}
