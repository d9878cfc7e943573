import type Docker from 'dockerode';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { found, hostInput, withEngine } from './engine';
import { engineName, imageName, kindLabel, ownerLabel } from './names';
import { Output, withLines } from './output';
import { containerPath } from './paths';
import { ensureImage } from './progress';
import { hardened, removeContainer, runToEnd, type Ended } from './run';

const kind = 'job';
const tellEveryMs = 1_000;

/**
 * A container that runs to its end: when the resource is made, and again when any of its inputs changes. It is removed
 * afterwards, also when it is interrupted. An exit code other than 0, or no end in time, is an error with its last lines.
 *
 * It may do nothing but what is said: no network, no capability, nothing to write to.
 *
 * @example
 * new DockerJob('seed', {
 *   container: 'strata-dev-seed', image, command: ['node', '/app/seed.js'], environment: { SEED_FILE: '/run/strata/files/seed.json' },
 *   network: network.name, volumes: { '/run/strata': { volume: files.volume } }, user: '1000:1000', timeoutSeconds: 60,
 * }, { parent: this });
 */
export interface DockerJobInputs {
  /** As DOCKER_HOST says it; the environment's engine when not given. */
  host?: string;
  /** The container's name. */
  container: string;
  image: string;
  /** The image's own when not given. */
  entrypoint?: string[];
  /** The image's own when not given. */
  command?: string[];
  environment: Record<string, string>;
  /** Without one it has no network. */
  network?: string;
  /** Absolute path → the volume there; read-only when not said otherwise. */
  volumes: Record<string, { volume: string; writable?: boolean }>;
  /** Absolute paths that are writable and forgotten. */
  scratch?: string[];
  /** Numeric `uid:gid`; the image's own when not given. */
  user?: string;
  writableRoot?: boolean;
  /** Those that are kept, such as `NET_BIND_SERVICE`. */
  capabilities?: string[];
  memoryBytes?: number;
  cpus?: number;
  timeoutSeconds: number;
}

export interface DockerJobState extends DockerJobInputs {
  /** When it ended, ISO 8601. */
  ranAt: string;
  exitCode: number;
}

const inputs = z.object({
  host: hostInput,
  container: engineName,
  image: imageName,
  entrypoint: z.array(z.string()).min(1).optional(),
  command: z.array(z.string()).min(1).optional(),
  environment: z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and _'),
    z.string(),
  ),
  network: engineName
    .refine((name) => name !== 'host', 'must be a network of the engine, not that of its host')
    .optional(),
  volumes: z.record(
    containerPath,
    z.strictObject({ volume: engineName, writable: z.boolean().optional() }),
  ),
  scratch: z.array(containerPath).optional(),
  user: z
    .string()
    .regex(/^\d{1,10}:\d{1,10}$/, 'must be numeric, such as 1000:1000')
    .optional(),
  writableRoot: z.boolean().optional(),
  capabilities: z
    .array(z.string().regex(/^(?!ALL$)[A-Z_]+$/, 'must be a name such as NET_BIND_SERVICE'))
    .optional(),
  memoryBytes: z
    .int()
    .min(6 * 1024 * 1024)
    .optional(),
  cpus: z.number().positive().optional(),
  timeoutSeconds: z.number().positive(),
});

const properties = Object.keys(inputs.shape) as (keyof DockerJobInputs)[];

export const job: Resource<DockerJobInputs, DockerJobState> = {
  inputs,
  computed: ['ranAt', 'exitCode'],
  volatile: ['ranAt', 'exitCode'],

  diff: (state, wanted) => differences(state, wanted, properties, 'update'),

  create: async (wanted, context) => ({ id: context.name, state: await run(wanted, context) }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, _state, wanted, context) => run(wanted, context),

  async delete(_id, state, context) {
    await withEngine(state.host, (docker) => removeOwn(docker, state.container, context));
  },
};

async function run(wanted: DockerJobInputs, context: Context): Promise<DockerJobState> {
  const { exitCode } = await withEngine(wanted.host, async (docker) => {
    await ensureImage(docker, wanted.image, context);
    await removeFormer(docker, wanted.container, context);
    return finish(docker, wanted, context);
  });
  return { ...wanted, ranAt: new Date().toISOString(), exitCode };
}

/** Waits for the end of a job. */
async function finish(docker: Docker, wanted: DockerJobInputs, context: Context): Promise<Ended> {
  const { name, urn, signal } = context;
  const output = new Output();
  const fail = (what: string) => new UserError(withLines(`job ${name} ${what}`, output.tail()));
  const late = AbortSignal.timeout(wanted.timeoutSeconds * 1000);
  const telling = setInterval(() => {
    const line = output.tail(1);
    context.progress(`running ${name}${line && `: ${line}`}`);
  }, tellEveryMs);
  try {
    const options = containerOptions(wanted, urn);
    const ended = await runToEnd(docker, options, output, AbortSignal.any([signal, late]));
    if (ended.exitCode === 0) return ended;
    throw fail(`ended with exit code ${ended.exitCode}${ended.killedBy}`);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw fail(`did not end within ${wanted.timeoutSeconds} s`);
    throw error;
  } finally {
    clearInterval(telling);
  }
}

function containerOptions(wanted: DockerJobInputs, urn: string): Docker.ContainerCreateOptions {
  const { volumes, entrypoint, command, user } = wanted;
  return {
    name: wanted.container,
    Image: wanted.image,
    ...(entrypoint && { Entrypoint: entrypoint }),
    ...(command && { Cmd: command }),
    ...(user !== undefined && { User: user }),
    Env: Object.entries(wanted.environment).map(([name, value]) => `${name}=${value}`),
    Labels: { [kindLabel]: kind, [ownerLabel]: urn },
    HostConfig: hardened({
      ...wanted,
      mounts: Object.entries(volumes).map(([place, { volume, writable = false }]) => ({
        Type: 'volume',
        Source: volume,
        Target: place,
        ReadOnly: !writable,
      })),
    }),
  };
}

/** Makes room for this job: what an earlier run could not clean up goes, another's container of that name does not. */
async function removeFormer(docker: Docker, name: string, context: Context): Promise<void> {
  if (await removeOwn(docker, name, context)) return;
  throw new UserError(
    `the Docker engine has a container ${name} that this job did not make: remove it (docker rm -f ${name}), or give ` +
      'one of them another name',
  );
}

/** Removes this job's container; false when there is one of that name that is not. */
async function removeOwn(docker: Docker, name: string, { urn }: Context): Promise<boolean> {
  const container = docker.getContainer(name);
  const there = await found(container.inspect());
  if (there && there.Config.Labels[ownerLabel] !== urn) return false;
  if (there) await removeContainer(container);
  return true;
}
