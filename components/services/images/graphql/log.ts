import { writeLine } from '../shared/log';

/** Writes one JSON line to stderr. What callers send does not belong in it: not their queries, nor their values. */
export function log(
  level: 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  writeLine({ level, message, ...fields }, process.stderr);
}

/**
 * What of an error may stand in the log: its kind, the code of Postgres or of the system, and the constraint that was
 * hurt. Its message and its stack hold values of callers.
 */
export function describeError(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Error)) return {};
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return {
    error: error.constructor.name,
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
  };
}

/**
 * The libraries write whole errors to the console: a query with its values, over many lines. Of each, one line stays that
 * says where in the program it was written.
 */
export function muzzleConsole(): void {
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    console[method] = (...said: unknown[]) => {
      const [, , caller = ''] = new Error('where').stack?.split('\n') ?? [];
      log(method === 'error' ? 'error' : 'warn', 'a library wrote to the console: left out', {
        at: caller.trim(),
        ...describeError(said.find((one) => one instanceof Error)),
      });
    };
  }
}
