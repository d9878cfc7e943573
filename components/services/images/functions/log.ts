import { format } from 'node:util';
import type { Log } from './api';
import { withoutSecrets } from './environment';

type Fields = Readonly<Record<string, unknown>>;

/** Writes JSON lines to stdout; `fields` stand in each. */
export function logger(fields: Fields = {}): Log {
  const write =
    (level: string) =>
    (message: string, more: Fields = {}): void => {
      const line = { ...more, ...fields, time: new Date().toISOString(), level, message };
      process.stdout.write(`${withoutSecrets(text(line))}\n`);
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** What went wrong, for the log and never for a caller. */
export function described(error: unknown): { readonly error: string; readonly stack?: string } {
  if (!(error instanceof Error)) return { error: format('%s', error) };
  return { error: error.message, ...(error.stack && { stack: error.stack }) };
}

/** What a function writes with `console` becomes lines like all others. */
export function captureConsole(): void {
  const log = logger({ source: 'console' });
  for (const [method, write] of [
    ['log', log.info],
    ['info', log.info],
    ['debug', log.info],
    ['warn', log.warn],
    ['error', log.error],
  ] as const) {
    console[method] = (...words: unknown[]) => {
      write(format(...words));
    };
  }
}

/** Fields are a function's own: a cycle or a bigint among them must not lose the line. */
function text(line: Fields): string {
  try {
    return JSON.stringify(line);
  } catch {
    return JSON.stringify(
      Object.fromEntries(Object.entries(line).map(([name, value]) => [name, format('%s', value)])),
    );
  }
}
