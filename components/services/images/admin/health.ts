import { connect } from 'node:net';
import type { HealthCheck } from './config';

/** How long a service may take to answer. */
const patienceMs = 2_000;

export interface Health {
  readonly state: 'healthy' | 'unhealthy' | 'not asked';
  /** What was seen, in a few words. */
  readonly said: string;
  readonly milliseconds: number;
}

/**
 * Asks a service how it is. Only addresses of the config are asked; a redirection is an answer like any other, so no
 * service sends this program elsewhere. Of the answer only the status is read. Never throws.
 */
export async function askHealth(check: HealthCheck): Promise<Health> {
  if (check.kind === 'none')
    return { state: 'not asked', said: 'listens nowhere', milliseconds: 0 };
  const started = performance.now();
  const { healthy, said } = await (
    check.kind === 'http' ? askHttp(check.url) : askPort(check.host, check.port)
  ).catch((error: unknown) => ({ healthy: false, said: inWords(error) }));
  return {
    state: healthy ? 'healthy' : 'unhealthy',
    said,
    milliseconds: Math.round(performance.now() - started),
  };
}

interface Answer {
  readonly healthy: boolean;
  readonly said: string;
}

async function askHttp(url: string): Promise<Answer> {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(patienceMs),
  });
  await response.body?.cancel();
  return { healthy: response.ok, said: `answered ${response.status}` };
}

function askPort(host: string, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: patienceMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ healthy: true, said: 'listens' });
    });
    socket.once('timeout', () => {
      socket.destroy();
      reject(new DOMException('', 'TimeoutError'));
    });
    socket.once('error', reject);
  });
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it ended the connection',
  ENOTFOUND: 'no container has this name',
  EAI_AGAIN: 'its name cannot be looked up',
  EHOSTUNREACH: 'its address cannot be reached',
};

function inWords(error: unknown): string {
  const { name, code, cause } = error as Error & { code?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return `no answer within ${patienceMs / 1000} s`;
  return words[code ?? cause?.code ?? ''] ?? 'does not answer';
}
