import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Context, Resource } from '../host/resource';
import { differences } from './changes';
import { programInputs, removeContents, writeContents, type ProgramInputs } from './contents';
import { runFolder } from './folders';
import { withLog } from './health';
import { platformProblems } from './platform';
import { workdirProblems } from './process';
import { discard, start, stop, type Started } from './supervisor';

const stopGraceSeconds = 5;
const tellEveryMs = 1_000;

/**
 * A process of this machine that runs to its end: when it is made, and again when any of its inputs changes.
 * An exit code other than 0, or no end in time, is an error with its last lines.
 *
 * @example
 * new Job('seed', {
 *   command: ['node', 'seed.js'], workdir: '.', environment: {}, secrets: {}, files: {}, timeoutSeconds: 60,
 * }, { parent: this });
 */
export interface JobInputs extends ProgramInputs {
  timeoutSeconds: number;
}

export interface JobState extends JobInputs {
  /** When it ended, ISO 8601. */
  ranAt: string;
  exitCode: number;
}

const properties = ['command', 'workdir', 'environment', 'secrets', 'files'] as const;

export const job: Resource<JobInputs, JobState> = {
  inputs: z.object({ ...programInputs, timeoutSeconds: z.number().positive() }),
  computed: ['ranAt', 'exitCode'],
  volatile: ['ranAt', 'exitCode'],

  precheck: ({ workdir }) =>
    Promise.resolve([...platformProblems('command'), ...workdirProblems(workdir)]),

  diff: (state, inputs) => differences(state, inputs, [...properties, 'timeoutSeconds'], 'update'),

  create: async (inputs, context) => ({ id: context.name, state: await run(inputs, context) }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, _state, inputs, context) => run(inputs, context),

  delete: (_id, _state, { stack, name, urn }) => discard(runFolder(stack, name), urn),
};

async function run(inputs: JobInputs, context: Context): Promise<JobState> {
  const folder = runFolder(context.stack, context.name);
  await stop(folder);
  const program = writeContents(folder, inputs);
  const started = await start(folder, program, {
    kind: 'job',
    owner: context.urn,
    stopSignal: 'SIGTERM',
    stopGraceSeconds,
  });
  try {
    const exitCode = await finish(started, inputs.timeoutSeconds, context);
    return { ...inputs, ranAt: new Date().toISOString(), exitCode };
  } finally {
    await stop(folder);
    removeContents(folder);
  }
}

/** Waits for the end of a job. */
async function finish(started: Started, timeoutSeconds: number, context: Context): Promise<number> {
  const { name, signal } = context;
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const result = await Promise.race([
      started.ended,
      sleep(tellEveryMs, undefined, { ref: false }),
    ]);
    if (result?.code === 0) return 0;
    if (result) throw new UserError(withLog(`job ${name} ${result.words}`, started));
    signal.throwIfAborted();
    if (Date.now() > deadline) {
      throw new UserError(withLog(`job ${name} did not end within ${timeoutSeconds} s`, started));
    }
    const [line = ''] = started.logTail().split('\n').slice(-1);
    context.progress(`running ${name}${line && `: ${line}`}`);
  }
}
