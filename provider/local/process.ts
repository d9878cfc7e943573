import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { root } from '../../engine/root';
import type { Context, Problem, Resource } from '../host/resource';
import { differences } from './changes';
import { programInputs, writeContents, type ProgramInputs } from './contents';
import { runFolder } from './folders';
import { probeHealth, waitHealthy, type Health } from './health';
import { platformProblems } from './platform';
import { portProblem } from './ports';
import { discard, living, start, stop } from './supervisor';

/**
 * A process of this machine that outlives the deployment; made once it is healthy.
 *
 * A process that has ended, or is not healthy, shows as `running: false` when the stack is refreshed, and is started
 * again. One that ends before it is healthy is an error with its last lines.
 *
 * @example
 * new Process('web', {
 *   command: ['node', 'server.js'], workdir: 'web', environment: { PORT: '8080' }, secrets: {}, files: {},
 *   port: 8080, health: { http: 'http://127.0.0.1:8080/healthz', timeoutSeconds: 30 }, stopGraceSeconds: 10,
 * }, { parent: this });
 */
export interface ProcessInputs extends ProgramInputs {
  /** A port of 127.0.0.1 that it listens on; refused while something else has it. */
  port?: number;
  /** Without it a process that lives for half a second counts as started. */
  health?: Health;
  /** How long it may take to end after SIGTERM before it is killed. */
  stopGraceSeconds: number;
}

export interface ProcessState extends ProcessInputs {
  running: boolean;
  pid: number;
  /** Its log, below the project's folder. */
  log: string;
}

const properties = [
  ...(['command', 'workdir', 'environment', 'secrets', 'files'] as const),
  ...(['port', 'health', 'stopGraceSeconds'] as const),
];

export const processResource: Resource<ProcessInputs, ProcessState> = {
  inputs: z.object({
    ...programInputs,
    port: z.int().min(1).max(65_535).optional(),
    health: z
      .strictObject({
        http: z.url().optional(),
        tcp: z.int().min(1).max(65_535).optional(),
        timeoutSeconds: z.number().positive(),
      })
      .refine(({ http, tcp }) => http !== undefined || tcp !== undefined, 'needs http or tcp')
      .optional(),
    stopGraceSeconds: z.number().nonnegative(),
  }),
  computed: ['running', 'pid', 'log'],
  volatile: ['running', 'pid'],

  async precheck({ workdir, port }, _recorded, { stack, name }) {
    const taken = port === undefined ? undefined : await portProblem(stack, name, port);
    return [...platformProblems('command'), ...workdirProblems(workdir), ...(taken ? [taken] : [])];
  },

  diff: (state, inputs) => ({
    ...differences(state, inputs, properties, 'update'),
    ...(!state.running && { running: 'update' as const }),
  }),

  create: async (inputs, context) => ({ id: context.name, state: await run(inputs, context) }),

  async read(_id, state, { stack, name }) {
    const found = living(runFolder(stack, name));
    const running =
      found !== undefined && (!state.health || (await probeHealth(state.health)) === undefined);
    return { ...state, running, pid: found?.pid ?? state.pid };
  },

  update: (_id, _state, inputs, context) => run(inputs, context),

  delete: (_id, _state, { stack, name, urn }) => discard(runFolder(stack, name), urn),
};

/** Starts it in place of whatever an earlier run has left under this name. */
async function run(inputs: ProcessInputs, context: Context): Promise<ProcessState> {
  const { stack, name } = context;
  const folder = runFolder(stack, name);
  await stop(folder);
  const taken = inputs.port === undefined ? undefined : await portProblem(stack, name, inputs.port);
  if (taken) throw new UserError(taken.reason);
  const started = await start(folder, writeContents(folder, inputs), {
    kind: 'process',
    owner: context.urn,
    ...(inputs.port !== undefined && { port: inputs.port }),
    stopSignal: 'SIGTERM',
    stopGraceSeconds: inputs.stopGraceSeconds,
  });
  try {
    await waitHealthy(started, inputs.health, context);
  } catch (error) {
    await stop(folder);
    throw error;
  }
  return {
    ...inputs,
    running: true,
    pid: started.pid,
    log: path.relative(root, path.join(folder, 'log')),
  };
}

/** A working directory that does not exist would otherwise be reported as a program that does not exist. */
export function workdirProblems(workdir: string | undefined): Problem[] {
  if (workdir === undefined || existsSync(path.resolve(root, workdir))) return [];
  return [{ property: 'workdir', reason: `workdir ${workdir} does not exist below ${root}` }];
}
