import { localProcesses } from '../provider/local/processes';
import { probe } from '../provider/local/probe';
import type { Outputs } from './outputs';

/** What is known of a local process of the stack; absent for a service that runs elsewhere. */
export interface ProcessState {
  readonly running: boolean;
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
}

const shownLines = 6;
const shownWidth = 160;

/** Asks all services of a deployed stack at once. */
export function checkStack(
  stack: string,
  { target, services }: Pick<Outputs, 'target' | 'services'>,
): Promise<ServiceHealth[]> {
  // A job that does not run has done its work: one that failed would have failed the deployment.
  const processes = (target === 'embedded' ? localProcesses(stack) : []).filter(
    ({ kind }) => kind !== 'job',
  );
  return checkServices(services, new Map(processes.map((process) => [process.name, process])));
}

/** Why services are not healthy, one line or more for each that is not. */
export function reasonsOf(services: readonly ServiceHealth[]): string[] {
  return services.flatMap(({ name, reason }) => (reason ? [`${name}: ${reason}`] : []));
}

/** Asks all services at once. `processes` tells what the local ones do, by service name. */
export function checkServices(
  services: Outputs['services'],
  processes: ReadonlyMap<string, ProcessState>,
): Promise<ServiceHealth[]> {
  return Promise.all(
    Object.entries(services).map(async ([name, { kind, where, health }]) => {
      const reason = await whyNot(health, processes.get(name));
      return {
        name,
        kind,
        where,
        ...(health !== undefined && { health }),
        healthy: reason === undefined,
        ...(reason !== undefined && { reason }),
      };
    }),
  );
}

async function whyNot(health?: string, state?: ProcessState): Promise<string | undefined> {
  if (state && !state.running) {
    return ['its process does not run', lastLines(state.logTail)]
      .filter(Boolean)
      .join('; last log lines:\n');
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
