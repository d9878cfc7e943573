import net from 'node:net';
import { messageOf } from './errors';
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

const answerWithinMs = 1_500;

const shownLines = 6;
const shownWidth = 160;

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
  if (health === undefined) return undefined;
  return health.startsWith('tcp://') ? askTcp(new URL(health)) : askHttp(health);
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

async function askHttp(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
    return answer.ok ? undefined : `${url} answers with status ${String(answer.status)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `${url} does not answer: ${wordsOf(cause)}`;
  }
}

function askTcp({ hostname, port }: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    const finish = (reason?: string): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(answerWithinMs, () => {
      finish(`${hostname}:${port} does not answer within ${String(answerWithinMs)} ms`);
    });
    socket.on('connect', () => {
      finish();
    });
    socket.on('error', (error) => {
      finish(`${hostname}:${port} does not answer: ${wordsOf(error)}`);
    });
  });
}

/** Node's errors of a refused connection to several addresses have an empty message. */
function wordsOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'the port refuses connections (nothing listens there)';
  return messageOf(error) || (code ?? 'unknown reason');
}
