import { z } from 'zod';
import { secretName } from './secrets';
import * as values from './values';

/** What the runtime itself is given under these names. */
const taken = ['DATABASE_URL', 'OUTBOX_URL', 'REDIS_URL', 'JWT_KEY'];

const variableAllowed = `upper-case letters, digits and _ (but not ${taken.join(', ')})`;
const variable = z
  .string({ error: variableAllowed })
  .regex(/^[A-Z][A-Z0-9_]{0,62}$/, { error: variableAllowed })
  .refine((name) => !taken.includes(name), { error: variableAllowed });

function whole(what: string, most: number) {
  return values.whole(`${what}: a whole number from 1 to ${most}, without quotes`, 1, most);
}

/** `strata:functions`. */
export const functions = z
  .strictObject({
    replicas: values.replicas.default(1).describe('How many processes answer HTTP functions.'),
    workers: values.replicas
      .default(1)
      .describe('How many processes run what events, the clock and queues start.'),
    memory: values.memory.default('512M').describe('What each of these processes may take.'),
    timeoutSeconds: whole('seconds', 300)
      .default(30)
      .describe('How long a run may take; a cron function ten times as long.'),
    attempts: whole('tries', 30)
      .default(10)
      .describe('How often an event, a tick or a job is tried before it stays as a dead letter.'),
    keepDays: whole('days', 365)
      .default(7)
      .describe('How long a record of what was done is kept. Dead letters stay.'),
    secrets: z
      .record(variable, secretName)
      .default({})
      .describe('Name in a function → name in strata:secrets. Every function can read them.'),
  })
  .describe('Functions of <app>/functions/: HTTP, events of tables, cron, queues.');

export type FunctionsSettings = z.output<typeof functions>;
