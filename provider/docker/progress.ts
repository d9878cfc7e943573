import type Docker from 'dockerode';
import { messageOf, UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { isAbsent } from './engine';

const tellEveryMs = 500;

/** A line of what the engine tells while it builds or pulls. */
export interface EngineEvent {
  /** What a build step wrote. */
  readonly stream?: string;
  /** What is being done to the layer `id`. */
  readonly status?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly error?: string;
}

/** Follows what the engine tells until it is done or the signal ends it; its complaint is an `error` event, not thrown. */
export async function follow(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
  onEvent: (event: EngineEvent) => void,
): Promise<void> {
  const readable = stream as NodeJS.ReadableStream & { destroy(): void };
  // The engine stops what nobody listens to any more.
  const stop = () => readable.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let begun = '';
    const read = (line: string) => {
      if (line.trim()) onEvent(JSON.parse(line) as EngineEvent);
    };
    for await (const piece of readable.setEncoding('utf8')) {
      const lines = (begun + String(piece)).split('\n');
      begun = lines.pop() ?? '';
      lines.forEach(read);
    }
    read(begun);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}

/** Shows passing lines, no more of them than a person can read. */
export function teller(context: Context): (text: string) => void {
  let told = 0;
  return (text) => {
    if (Date.now() - told < tellEveryMs) return;
    told = Date.now();
    context.progress(text);
  };
}

/** Pulls an image that the engine lacks; one that is there is left as it is. */
export async function ensureImage(docker: Docker, name: string, context: Context): Promise<void> {
  try {
    await docker.getImage(name).inspect();
    return;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const tell = teller(context);
  let complaint: string | undefined;
  try {
    const { signal } = context;
    await follow(await docker.pull(name, { abortSignal: signal }), signal, (event) => {
      complaint ??= event.error;
      tell(
        `pulling ${name}: ${[event.id, event.status, event.progress].filter(Boolean).join(' ')}`,
      );
    });
  } catch (error) {
    context.signal.throwIfAborted();
    complaint = messageOf(error).trim();
  }
  if (complaint !== undefined) {
    throw new UserError(
      `the Docker engine has no image ${name} and cannot pull it: ${complaint}. Bring it there by hand ` +
        `(docker login, docker pull ${name}), or name another (strata:images)`,
    );
  }
}
