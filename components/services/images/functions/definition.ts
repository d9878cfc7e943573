import { Cron } from 'croner';
import { z } from 'zod';
import type { FunctionDefinition } from './api';

const handler = z.custom<(...given: never[]) => unknown>((given) => typeof given === 'function', {
  error: 'no function is given to run',
});

const queue = z.string({ error: 'a queue is named by text' }).regex(/^[a-z][a-z0-9-]{0,39}$/, {
  error: 'a queue is named by a lower-case letter, then up to 39 of a-z, 0-9 and -',
});

const pattern = z.string({ error: 'a pattern is text, such as 0 6 * * *' }).refine(ticks, {
  error:
    'the pattern is none of cron with a time to come: five fields, or six with seconds, such as 0 6 * * *',
});

const operations = z
  .array(
    z.enum(['insert', 'update', 'delete'], { error: 'operations are insert, update and delete' }),
    { error: 'operations is a list, such as [insert, update]' },
  )
  .min(1, { error: 'operations is empty' })
  .refine((given) => new Set(given).size === given.length, {
    error: 'an operation is listed twice',
  });

const table = z.string({ error: 'a table is named by text, such as app.notes' });

const definition = z.discriminatedUnion(
  'kind',
  [
    z.object({ kind: z.literal('http'), handler }),
    z.object({ kind: z.literal('publicHttp'), handler }),
    z.object({ kind: z.literal('event'), table, operations, handler }),
    z.object({ kind: z.literal('cron'), pattern, handler }),
    z.object({ kind: z.literal('worker'), queue, handler }),
  ],
  {
    error:
      'export one function by default: http(…), publicHttp(…), onEvent(…), cron(…) or worker(…)',
  },
);

/** The definition that a module exports by default, or every reason why it is none. */
export function readDefinition(
  exported: unknown,
): { readonly definition: FunctionDefinition } | { readonly problems: readonly string[] } {
  const given = (exported as { default?: unknown } | undefined)?.default;
  const { success, error } = definition.safeParse(given);
  if (success) return { definition: given as FunctionDefinition };
  return { problems: [...new Set(error.issues.map(({ message }) => message))] };
}

/** The first tick after `from`, by a pattern that `readDefinition` took; undefined when there is none. */
export function nextTick(cronPattern: string, from: Date): Date | undefined {
  return schedule(cronPattern).nextRun(from) ?? undefined;
}

function ticks(text: string): boolean {
  try {
    return schedule(text).nextRun() !== null;
  } catch {
    return false;
  }
}

function schedule(text: string): Cron {
  // A date would be taken too, and runs once only.
  if (!/^\S+( +\S+){4,5}$/.test(text.trim())) throw new Error('five or six fields');
  return new Cron(text, { timezone: 'UTC', paused: true });
}
