import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { volumeToken } from '../../engine/deletion';
import { UserError } from '../../engine/errors';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { missingData } from '../local/missing';
import { refuseDelete } from '../local/volume';
import { found, hostInput, isConflict, readEngine, withEngine } from './engine';
import { fillVolume, place } from './files';
import { imageName } from './names';
import { ensureImage } from './progress';

/** On the volume itself: whose data it holds, `<stack>/<name>`. */
const ownerLabel = 'strata.volume';

/**
 * A volume of a Docker engine that holds data.
 *
 * One that this stack made before (its state may have been lost since) is taken up with all that it holds. One that is
 * recorded and not there is an error: an empty one is never put in its place. Deleting it is refused unless the
 * environment variable STRATA_DELETE_DATA holds its token, `<stack>/<name>`, and while a container has it.
 *
 * @example
 * new DockerVolume('database-1', {
 *   volume: 'strata-dev-database-1', owner: '999:999', image: 'node:22.23.3-bookworm-slim',
 * }, { protect: true });
 */
export interface DockerVolumeInputs {
  host?: string;
  /** Its name at the engine. */
  volume: string;
  /** Numeric `uid:gid` whose folder a new one is: many images have no folder whose owner it would take. */
  owner: string;
  /** Any image, for the helper that is never started; pulled when the engine lacks it. */
  image: string;
}

export const volume: Resource<DockerVolumeInputs, DockerVolumeInputs> = {
  inputs: z.object({
    host: hostInput,
    volume: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/, 'must be letters, digits, _ . and -'),
    owner: z.string().regex(/^\d{1,10}:\d{1,10}$/, 'must be numeric, such as 1000:1000'),
    image: imageName,
  }),
  computed: [],

  diff: (state, inputs) => differences(state, inputs, ['host', 'volume'], 'replace'),

  async create(inputs, context) {
    await withEngine(inputs.host, (docker) => make(docker, inputs, context));
    return { id: inputs.volume, state: inputs };
  },

  read: (_id, state, context) =>
    readEngine(state.host, state, context, async (docker) => {
      if (await ownerOf(docker, state.volume)) return state;
      throw missingData(`the volume ${state.volume} of the Docker engine`, context);
    }),

  async delete(_id, state, context) {
    refuseDelete(tokenOf(context));
    await withEngine(state.host, (docker) => remove(docker, state.volume, tokenOf(context)));
  },
};

async function make(
  docker: Docker,
  { volume: name, owner, image }: DockerVolumeInputs,
  context: Context,
): Promise<void> {
  const token = tokenOf(context);
  const there = await found(docker.getVolume(name).inspect());
  if (!there) {
    await ensureImage(docker, image, context);
    await docker.createVolume({ Name: name, Labels: { [ownerLabel]: token } });
    await fillVolume(docker, name, image, emptyFolder(owner));
    return;
  }
  const holds = there.Labels[ownerLabel];
  if (holds === token) return;
  throw new UserError(
    `the Docker engine has a volume ${name} already, ${holds ? `which holds ${holds}` : 'which is not a volume of Strata'}: ` +
      'move what it holds away, then remove it',
  );
}

function emptyFolder(owner: string): Readable {
  const [uid, gid] = owner.split(':').map(Number);
  const tar = pack();
  tar.entry({ name: `${place}/`, type: 'directory', mode: 0o755, uid, gid, mtime: new Date(0) });
  tar.finalize();
  return tar as unknown as Readable;
}

/** Whose data the volume holds; undefined when there is no such volume of Strata. */
async function ownerOf(docker: Docker, name: string): Promise<string | undefined> {
  return (await found(docker.getVolume(name).inspect()))?.Labels[ownerLabel];
}

async function remove(docker: Docker, name: string, token: string): Promise<void> {
  try {
    await found(docker.getVolume(name).remove());
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new UserError(
      `volume ${token} (${name}) is in use by a container: remove that first (npm run down)`,
    );
  }
}

function tokenOf({ stack, name }: Context): string {
  return volumeToken(stack, name);
}
