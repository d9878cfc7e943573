import { z } from 'zod';
import type { Problem, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { hostInput, readEngine } from './engine';

const mebibyte = 1024 ** 2;

/**
 * The machine of a Docker engine: refused, in the preview already, when it has less memory than a setting gives away.
 *
 * While the engine is away nothing is refused, and a warning says so. Makes nothing there.
 *
 * @example new DockerMachine('machine', { memory: 4096, setting: 'strata:database.memory' }, { parent: this });
 */
export interface DockerMachineInputs {
  /** As DOCKER_HOST says it; the environment's engine when not given. */
  host?: string;
  /** What it must have, in MiB. */
  memory: number;
  /** What asks for so much, as people write it in their settings. */
  setting: string;
}

export const machine: Resource<DockerMachineInputs, DockerMachineInputs> = {
  inputs: z.object({ host: hostInput, memory: z.int().positive(), setting: z.string().min(1) }),
  computed: [],

  async check({ host, memory, setting }, _recorded, context) {
    const problems = await readEngine<Problem[]>(host, [], context, async (docker) => {
      const { MemTotal } = (await docker.info()) as { MemTotal: number };
      const there = Math.floor(MemTotal / mebibyte);
      if (memory <= there) return [];
      const reason =
        `${setting} asks for ${memory}M, and the machine of the Docker engine has ${there}M in all, of which other services ` +
        'need some too: set it lower, or use a larger machine';
      return [{ property: 'memory', reason }];
    });
    return problems ?? [];
  },

  diff: (state, inputs) => differences(state, inputs, ['host', 'memory', 'setting'], 'update'),

  create: (inputs, context) => Promise.resolve({ id: context.name, state: inputs }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, _state, inputs) => Promise.resolve(inputs),

  delete: () => Promise.resolve(),
};
