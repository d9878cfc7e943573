import type Docker from 'dockerode';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { root } from '../../engine/root';
import type { Changes, Context, Problem, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { archive, digest, folderEntries, givenEntries, type Entry } from './context';
import { found, hostInput, isConflict, readEngine, withEngine } from './engine';
import { imageName, labelOf, repositoryName } from './names';
import { Output, withLines } from './output';
import { relativePath } from './paths';
import { ensureImage, follow, teller } from './progress';

const usualDockerfile = 'Dockerfile';
const tagLength = 16;

/** On the image: the whole hash of what it was built from. */
const contentLabel = 'strata.content';

/**
 * An image that the engine builds from a folder of the project (which .dockerignore thins out), or from files given by
 * name. Its tag is a hash of what it is built from: what was edited is built anew, under a new name, and what was not is
 * left as it is. The former image goes once nothing uses it.
 *
 * A folder is read and hashed in each preview: .dockerignore should name what the image does not need (node_modules).
 *
 * @example new Image('image-guard', { repository: 'strata/guard', context: 'guard' }, { parent: this }).reference
 */
export interface ImageInputs {
  /** As DOCKER_HOST says it; the environment's engine when not given. */
  host?: string;
  /** Such as `strata/guard`. */
  repository: string;
  /** A folder, relative to the project; either this or `files`. */
  context?: string;
  /** Contents by relative name, the Dockerfile among them. */
  files?: Record<string, string | { base64: string }>;
  /** Relative to the context or one of `files`; `Dockerfile` when not given. */
  dockerfile?: string;
  /** The image that it is built on: pulled, when the engine lacks it, with a better word than a build has. */
  base?: string;
}

export interface ImageState extends ImageInputs {
  /** `repository:<start of content>`. */
  reference: string;
  /** A hash of what it was built from. */
  content: string;
}

export const image: Resource<ImageInputs, ImageState> = {
  inputs: z.object({
    host: hostInput,
    repository: repositoryName,
    context: z.string().min(1).optional(),
    files: z
      .record(relativePath, z.union([z.string(), z.strictObject({ base64: z.base64() })]))
      .optional(),
    dockerfile: relativePath.optional(),
    base: imageName.optional(),
  }),
  computed: ['reference', 'content'],

  precheck: ({ context, dockerfile }) => Promise.resolve(folderProblems(context, dockerfile)),

  check({ context, files, dockerfile = usualDockerfile }) {
    const problem =
      (context === undefined) === (files === undefined)
        ? { property: 'context', reason: 'context or files is required, and not both' }
        : files && !(dockerfile in files)
          ? { property: 'files', reason: `files has no ${dockerfile}` }
          : undefined;
    return Promise.resolve(problem ? [problem] : []);
  },

  diff(state, inputs): Changes {
    const content = digestOf(inputs);
    return {
      ...differences(state, inputs, ['host', 'repository'], 'replace'),
      ...(content !== state.content && { content: 'replace' as const }),
    };
  },

  async create(inputs, context) {
    const entries = entriesOf(inputs);
    const content = digest(entries, dockerfileOf(inputs));
    const reference = `${inputs.repository}:${content.slice(0, tagLength)}`;
    await withEngine(inputs.host, async (docker) => {
      if (await isThere(docker, reference, content)) return;
      if (inputs.base !== undefined) await ensureImage(docker, inputs.base, context);
      await build(
        docker,
        { reference, content, entries, dockerfile: dockerfileOf(inputs) },
        context,
      );
    });
    return { id: reference, state: { ...inputs, reference, content } };
  },

  read: (_id, state, context) =>
    readEngine(state.host, state, context, async (docker) =>
      (await isThere(docker, state.reference, state.content)) ? state : undefined,
    ),

  delete: (_id, state) => withEngine(state.host, (docker) => remove(docker, state.reference)),
};

interface Build {
  readonly reference: string;
  readonly content: string;
  readonly entries: readonly Entry[];
  readonly dockerfile: string;
}

async function build(docker: Docker, of: Build, context: Context): Promise<void> {
  const { reference, dockerfile } = of;
  const { signal } = context;
  const tell = teller(context);
  const output = new Output();
  let step = '';
  let complaint: string | undefined;
  const stream = await docker.buildImage(archive(of.entries), {
    t: reference,
    dockerfile,
    labels: { [contentLabel]: of.content },
    forcerm: true,
    abortSignal: signal,
  });
  await follow(stream, signal, (event) => {
    output.add(event.stream ?? '');
    complaint ??= event.error;
    if (event.stream?.startsWith('Step ')) {
      step = event.stream.trim();
      // A step may be silent for long: its name is never held back.
      context.progress(`building ${reference}: ${step}`);
    } else tell(`building ${reference}: ${step}: ${output.tail(1)}`);
  });
  if (complaint !== undefined) {
    const where = step && ` at "${step}"`;
    throw new UserError(
      withLines(`${reference} could not be built${where}: ${complaint}`, output.tail()),
    );
  }
}

/** Under this name, and made from this: a name alone can be given to any image. */
async function isThere(docker: Docker, reference: string, content: string): Promise<boolean> {
  const there = await found(docker.getImage(reference).inspect());
  return labelOf(there?.Config, contentLabel) === content;
}

/** Takes the name away, and the image with its last name; one that a container still uses stays. */
async function remove(docker: Docker, reference: string): Promise<void> {
  try {
    await found(docker.getImage(reference).remove());
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

function folderProblems(context: string | undefined, dockerfile = usualDockerfile): Problem[] {
  if (context === undefined) return [];
  const folder = path.resolve(root, context);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    return [{ property: 'context', reason: `context ${context} is no folder below ${root}` }];
  }
  if (existsSync(path.join(folder, dockerfile))) return [];
  return [{ property: 'context', reason: `context ${context} has no ${dockerfile}` }];
}

function dockerfileOf({ dockerfile = usualDockerfile }: ImageInputs): string {
  return dockerfile;
}

function entriesOf(inputs: ImageInputs): Entry[] {
  if (inputs.context === undefined) return givenEntries(inputs.files ?? {});
  return folderEntries(path.resolve(root, inputs.context), dockerfileOf(inputs));
}

function digestOf(inputs: ImageInputs): string {
  return digest(entriesOf(inputs), dockerfileOf(inputs));
}
