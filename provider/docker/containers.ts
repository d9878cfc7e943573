import type Docker from 'dockerode';
import { found, withEngine } from './engine';
import { serviceLabel, stackLabel } from './names';
import { logTail } from './output';
import { removeContainer } from './run';

/** A container of a stack, as the engine tells of it. */
export interface StackContainer {
  readonly name: string;
  readonly service: string;
  readonly running: boolean;
  /** Why it is not healthy; absent when it is, or has no check. */
  readonly problem?: string;
  /** The last lines of its log. */
  readonly logTail: string;
}

/** All containers of a stack, running or not; in the order of their names. */
export function stackContainers(
  host: string | undefined,
  stack: string,
): Promise<StackContainer[]> {
  return withEngine(host, async (docker) => {
    const listed = await listContainers(docker, stack);
    const containers = await Promise.all(listed.map(({ Id }) => describe(docker.getContainer(Id))));
    return containers.sort((a, b) => a.name.localeCompare(b.name));
  });
}

/** Stops all containers of a stack, what is asked first and the database last; returns their names. */
export function stopContainers(host: string | undefined, stack: string): Promise<string[]> {
  return withEngine(host, async (docker) => {
    const running = (await listContainers(docker, stack)).filter(
      ({ State }) => State === 'running',
    );
    const isDatabase = (one: Docker.ContainerInfo): boolean =>
      one.Labels[serviceLabel] === 'database';
    const stop = (ones: readonly Docker.ContainerInfo[]): Promise<unknown> =>
      Promise.all(ones.map(({ Id }) => docker.getContainer(Id).stop()));
    await stop(running.filter((one) => !isDatabase(one)));
    await stop(running.filter(isDatabase));
    return running.map(({ Names: [name = ''] }) => name.replace(/^\//, '')).sort();
  });
}

/**
 * Removes containers and networks of a stack by name, and nothing of the same name that is not the stack's: what an
 * engine that was killed has made and not written down.
 */
export function removeLeftovers(
  host: string | undefined,
  stack: string,
  names: readonly string[],
): Promise<void> {
  return withEngine(host, async (docker) => {
    for (const name of names) {
      const container = docker.getContainer(name);
      const made = await found(container.inspect());
      if (made?.Config.Labels[stackLabel] === stack) await removeContainer(container);
      const network = docker.getNetwork(name);
      const there = await found<Docker.NetworkInspectInfo>(network.inspect());
      if (there?.Labels?.[stackLabel] === stack) await found(network.remove());
    }
  });
}

function listContainers(docker: Docker, stack: string): Promise<Docker.ContainerInfo[]> {
  return docker.listContainers({ all: true, filters: { label: [`${stackLabel}=${stack}`] } });
}

async function describe(container: Docker.Container): Promise<StackContainer> {
  const { Name, Config, State } = await container.inspect();
  const problem = problemOf(State);
  return {
    name: Name.replace(/^\//, ''),
    service: Config.Labels[serviceLabel] ?? '',
    running: State.Running && !State.Restarting,
    ...(problem !== undefined && { problem }),
    logTail: problem === undefined ? '' : await logTail(container),
  };
}

function problemOf(state: Docker.ContainerInspectInfo['State']): string | undefined {
  if (state.Restarting) return `restarts again and again (exit code ${state.ExitCode})`;
  if (!state.Running) return `does not run (exit code ${state.ExitCode})`;
  if (!state.Health || state.Health.Status === 'healthy') return undefined;
  const said = state.Health.Log.at(-1)?.Output.trim();
  return `is ${state.Health.Status}${said ? `: ${said}` : ''}`;
}
