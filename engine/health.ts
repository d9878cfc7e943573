import { stackContainers } from '../provider/docker/containers';
import { localProcesses } from '../provider/local/processes';
import { probe } from '../provider/local/probe';
import type { Outputs } from './outputs';

/** What is known of a process or container of the stack; absent for a service that runs elsewhere. */
export interface RunState {
  /** Why it cannot do its work, such as `its process does not run`. */
  readonly problem?: string;
  /** The last lines of its log. */
  readonly logTail: string;
}

export interface ServiceHealth {
  readonly name: string;
  readonly kind: string;
  readonly where: string;
  /** A URL; absent when the service has nothing to ask. */
  readonly health?: string;
  readonly healthy: boolean;
  /** Why it is not healthy. */
  readonly reason?: string;
  /** What is worth knowing besides. */
  readonly note?: string;
}

/** How something is: healthy unless there is a reason against it. */
export function healthOf(
  known: Pick<ServiceHealth, 'name' | 'kind' | 'where' | 'health'>,
  { reason, note }: { readonly reason?: string | undefined; readonly note?: string | undefined },
): ServiceHealth {
  return {
    ...known,
    healthy: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(note !== undefined && { note }),
  };
}

const shownLines = 6;
const shownWidth = 160;

/** Asks all services of a deployed stack at once. */
export async function checkStack(
  stack: string,
  { target, docker, services }: Pick<Outputs, 'target' | 'docker' | 'services'>,
): Promise<ServiceHealth[]> {
  if (target === 'embedded') return checkServices(services, processStates(stack));
  if (target === 'docker') {
    return checkServices(services, await containerStates(stack, docker.host, services));
  }
  return checkServices(services, new Map());
}

/** A job that does not run has done its work: one that failed would have failed the deployment. */
function processStates(stack: string): Map<string, RunState> {
  const processes = localProcesses(stack).filter(({ kind }) => kind !== 'job');
  return new Map(
    processes.map(({ name, running, logTail }) => [
      name,
      { logTail, ...(!running && { problem: 'its process does not run' }) },
    ]),
  );
}

/** Of a service's containers the first that has a problem speaks for all. */
async function containerStates(
  stack: string,
  host: string | undefined,
  services: Outputs['services'],
): Promise<Map<string, RunState>> {
  const states = new Map<string, RunState>();
  for (const { name, service, problem, logTail } of await stackContainers(host, stack)) {
    if (states.get(service)?.problem !== undefined) continue;
    states.set(service, {
      logTail,
      ...(problem !== undefined && { problem: `its container ${name} ${problem}` }),
    });
  }
  for (const [name, { kind }] of Object.entries(services)) {
    const isMissing = kind !== 'job' && !states.has(name);
    if (isMissing) states.set(name, { problem: 'it has no container', logTail: '' });
  }
  return states;
}

/** Why services are not healthy, one line or more for each that is not. */
export function reasonsOf(services: readonly ServiceHealth[]): string[] {
  return services.flatMap(({ name, reason }) => (reason ? [`${name}: ${reason}`] : []));
}

/** What is worth knowing of those that may well be healthy, one line for each. */
export function notesOf(services: readonly ServiceHealth[]): string[] {
  return services.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
}

/** Asks all services at once. `states` tells what their processes or containers do, by service name. */
export function checkServices(
  services: Outputs['services'],
  states: ReadonlyMap<string, RunState>,
): Promise<ServiceHealth[]> {
  return Promise.all(
    Object.entries(services).map(async ([name, { kind, where, health }]) => {
      const reason = await whyNot(health, states.get(name));
      const known = { name, kind, where, ...(health !== undefined && { health }) };
      return healthOf(known, { reason });
    }),
  );
}

async function whyNot(health?: string, state?: RunState): Promise<string | undefined> {
  if (state?.problem !== undefined) {
    return [state.problem, lastLines(state.logTail)].filter(Boolean).join('; last log lines:\n');
  }
  return health === undefined ? undefined : probe(health);
}

function lastLines(log: string): string {
  return log
    .trimEnd()
    .split('\n')
    .slice(-shownLines)
    .map((line) =>
      line.length > shownWidth ? `    ${line.slice(0, shownWidth)} …` : `    ${line}`,
    )
    .join('\n')
    .trimEnd();
}
