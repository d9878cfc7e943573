import type { ContainerInspectInfo } from 'dockerode';
import { lastLines } from './output';

/** A container that came back this often while it was watched will not stay. */
const loopRestarts = 3;
const usualRetries = 3;
const healthLines = 5;
/** What a shell and the engine say of a program that SIGKILL ended. */
const killed = 137;

/** What a container's state means to who waits for it. */
export type Verdict =
  | { readonly is: 'healthy' }
  /** It runs, and has no check that could say more. */
  | { readonly is: 'running' }
  | { readonly is: 'starting'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string };

/**
 * Judges a container `now` by how it was when the wait began: one that was unhealthy then may recover, one that has
 * failed its check as often as makes it unhealthy since, has failed.
 */
export function judge(now: ContainerInspectInfo, begin: ContainerInspectInfo): Verdict {
  const { State } = now;
  if (State.OOMKilled && !State.Running) return { is: 'failed', why: ended(now) };
  if (now.RestartCount - begin.RestartCount >= loopRestarts) {
    return { is: 'failed', why: `restarts again and again (exit code ${State.ExitCode})` };
  }
  if (State.Restarting) {
    return { is: 'starting', why: `is restarted after exit code ${State.ExitCode}` };
  }
  if (State.Paused) return { is: 'failed', why: 'is paused' };
  if (!State.Running) return { is: 'failed', why: ended(now) };
  const health = State.Health;
  if (!health || health.Status === 'none') return { is: 'running' };
  if (health.Status === 'healthy') return { is: 'healthy' };
  const said = healthOutput(now);
  const why = `is ${health.Status}${said && `: ${said}`}`;
  return { is: hasFailed(now, begin) ? 'failed' : 'starting', why };
}

function ended({ State }: ContainerInspectInfo): string {
  const why = State.Error && ` (${State.Error})`;
  return State.Status === 'created'
    ? `was never started${why}`
    : `ended with exit code ${State.ExitCode}${why}${killedBy(State)}`;
}

/**
 * Why a container was killed; nothing for one that ended by itself. The engine may miss that memory was the reason when
 * a program dies soon after its start (containerd/containerd#8180), so that its silence proves nothing.
 */
export function killedBy({ OOMKilled, ExitCode }: ContainerInspectInfo['State']): string {
  if (OOMKilled) return ', because it used more memory than it may';
  return ExitCode === killed ? ', perhaps because it used more memory than it may' : '';
}

/** The streak counts on while a container stays unhealthy, and starts anew with each start. */
function hasFailed(now: ContainerInspectInfo, begin: ContainerInspectInfo): boolean {
  const health = now.State.Health;
  if (health?.Status !== 'unhealthy') return false;
  const same = now.State.StartedAt === begin.State.StartedAt;
  const before = begin.State.Health;
  if (!same || before?.Status !== 'unhealthy' || health.FailingStreak < before.FailingStreak) {
    return true;
  }
  const retries = now.Config.Healthcheck?.Retries ?? 0;
  return health.FailingStreak - before.FailingStreak >= (retries || usualRetries);
}

/** What the last check said. */
function healthOutput({ State }: ContainerInspectInfo): string {
  return lastLines(State.Health?.Log.at(-1)?.Output ?? '', healthLines).trim();
}
