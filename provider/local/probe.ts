import net from 'node:net';
import { messageOf } from '../../engine/errors';

const answerWithinMs = 3_000;

/**
 * Asks a service once whether it does its work; resolves to why not, or to undefined when it does.
 *
 * `http://127.0.0.1:15678/healthz` has to answer with 2xx itself (redirects are not followed), `tcp://127.0.0.1:15432`
 * has to take connections; either within 3 seconds.
 */
export function probe(url: string): Promise<string | undefined> {
  return url.startsWith('tcp://') ? askTcp(new URL(url)) : askHttp(url);
}

async function askHttp(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(answerWithinMs),
      redirect: 'manual',
    });
    await answer.body?.cancel();
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
