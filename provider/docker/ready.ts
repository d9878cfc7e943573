import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { found, hostInput, readEngine, withEngine } from './engine';
import { engineName } from './names';
import { logTail, Output, withLines } from './output';
import { answers, probeInput, runProbe, type Probe } from './probe';
import { teller } from './progress';
import { judge, type Verdict } from './verdict';

const pollMs = 300;

/** How long a container without any check has to run to count as started. */
const settleMs = 1_000;

/**
 * Exists once a container is healthy: what needs the service depends on this.
 *
 * It ends at once, with the container's last lines, when the container ends, restarts again and again, or its own check
 * gives it up; and when time is up. A container that is not healthy any more shows as `ready: false` when the stack is
 * refreshed, and is waited for again.
 * A probe costs a container of its own at each wait, and one for all at each refresh; it is for images that hold no
 * program to ask with.
 *
 * @example
 * new Ready('guard-1-ready', { container: 'strata-dev-guard-1', containerId: guard.id, timeoutSeconds: 60 }, { parent: this });
 */
export interface ReadyInputs {
  /** As DOCKER_HOST says it; the environment's engine when not given. */
  host?: string;
  /** The container's name or id. */
  container: string;
  /** Another one is waited for anew. */
  containerId: string;
  timeoutSeconds: number;
  probe?: Probe;
}

export interface ReadyState extends ReadyInputs {
  ready: boolean;
}

export const ready: Resource<ReadyInputs, ReadyState> = {
  inputs: z.object({
    host: hostInput,
    container: engineName,
    containerId: z.string(),
    timeoutSeconds: z.number().positive(),
    probe: probeInput.optional(),
  }),
  computed: ['ready'],
  volatile: ['ready'],

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['host', 'container', 'containerId', 'probe'], 'update'),
    ...(!state.ready && { ready: 'update' as const }),
  }),

  create: async (inputs, context) => ({ id: context.name, state: await wait(inputs, context) }),

  read: (_id, state, context) =>
    readEngine(state.host, state, context, async (docker) => ({
      ...state,
      ready: await isReady(docker, state, context),
    })),

  update: (_id, _state, inputs, context) => wait(inputs, context),

  delete: () => Promise.resolve(),
};

/** Whether it does its work, asked once. */
async function isReady(docker: Docker, state: ReadyState, context: Context): Promise<boolean> {
  const now = await found(docker.getContainer(state.container).inspect());
  const verdict = now && judge(now, now);
  if (verdict?.is !== 'healthy' && verdict?.is !== 'running') return false;
  if (!state.probe) return true;
  return answers(docker, state.probe, context);
}

function wait(inputs: ReadyInputs, context: Context): Promise<ReadyState> {
  return withEngine(inputs.host, async (docker) => {
    const { timeoutSeconds, probe } = inputs;
    const giveUp = new AbortController();
    const signal = AbortSignal.any([context.signal, giveUp.signal]);
    const asked = new Output();
    const probing = probe
      ? runProbe(docker, probe, timeoutSeconds, asked, { ...context, signal })
      : undefined;
    const answer: { good: boolean; error?: unknown } = { good: !probe };
    void probing?.then(
      (why) => (answer.good = why === undefined),
      (error: unknown) => (answer.error = error),
    );
    const trouble = (): string => {
      if (answer.error instanceof Error) throw answer.error;
      return answer.good ? '' : asked.tail(1) || `${probe?.url ?? ''}: not asked yet`;
    };
    try {
      await watch(docker, inputs, trouble, context);
      return { ...inputs, ready: true };
    } finally {
      giveUp.abort();
      await probing?.catch(() => undefined);
    }
  });
}

/** Looks at the container until it is healthy and nothing is the `trouble`. */
async function watch(
  docker: Docker,
  { container: wanted, timeoutSeconds }: ReadyInputs,
  trouble: () => string,
  context: Context,
): Promise<void> {
  const container = docker.getContainer(wanted);
  const begun = Date.now();
  const begin = await inspect(container, wanted);
  const name = begin.Name.replace(/^\//, '');
  const tell = teller(context);
  let settled: { readonly start: string; readonly since: number } | undefined;
  for (;;) {
    const now = await inspect(container, wanted);
    const verdict = judge(now, begin);
    if (verdict.is === 'failed') {
      throw await failure(`${name} ${verdict.why} before it was ready`, container);
    }
    // One that ends and is restarted between two looks has not stayed.
    const start = now.State.StartedAt;
    if (verdict.is === 'starting') settled = undefined;
    else if (settled?.start !== start) settled = { start, since: Date.now() };
    const why = reason(verdict, trouble());
    const isSettled =
      verdict.is === 'healthy' || Date.now() - (settled?.since ?? Date.now()) >= settleMs;
    if (why === '' && isSettled) return;

    context.signal.throwIfAborted();
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (Date.now() - begun >= timeoutSeconds * 1000) {
      const what = why || 'it does not stay';
      throw await failure(`${name} was not healthy within ${timeoutSeconds} s: ${what}`, container);
    }
    tell(`waiting for ${name} (${seconds} s)${why && `: ${why}`}`);
    await sleep(pollMs);
  }
}

function reason(verdict: Verdict, trouble: string): string {
  return 'why' in verdict ? `it ${verdict.why}` : trouble;
}

async function inspect(container: Docker.Container, wanted: string): Promise<ContainerInspectInfo> {
  const now = await found(container.inspect());
  if (!now) throw new UserError(`the Docker engine has no container ${wanted}`);
  return now;
}

async function failure(message: string, container: Docker.Container): Promise<UserError> {
  return new UserError(withLines(message, await logTail(container)));
}
