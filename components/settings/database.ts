import { z } from 'zod';
import { contradict } from './contradictions';
import { extensionNames } from './names';
import * as values from './values';

/** How many server connections of one role the pooler may open. */
const poolAllowed = 'a whole number from 1 to 500, without quotes';

function pool(size: number) {
  return values.whole(poolAllowed, 1, 500).default(size);
}

const tenants = z
  .strictObject({
    most: values
      .whole('a whole number from 0 to 5000, without quotes', 0, 5000)
      .default(0)
      .describe(
        'How many tenants of model database each cluster must be able to serve at full pools; when there are more, they share what these would have had.',
      ),
    connections: pool(10).describe(
      'Connections that each of them may have, unless the registry says otherwise.',
    ),
  })
  .describe('Tenants with a database of their own: each has a pool of its own.');

const clientsAllowed = 'a whole number from 10 to 20000, without quotes';
const hourAllowed = 'a whole number from 0 to 23, without quotes';
const keepAllowed = 'a whole number from 1 to 520, without quotes';

const weekdays = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;

const pools = z
  .strictObject({
    authenticator: pool(20).describe('API servers that act for the caller of a request.'),
    app: pool(10).describe('Trusted backends of your own.'),
    hasura: pool(10).describe('Hasura.'),
    guard: pool(5).describe('The guard, which verifies API keys.'),
  })
  .describe('Connections to Postgres that the pooler keeps, by login role: each costs memory.');

const backup = z
  .strictObject({
    hour: values
      .whole(hourAllowed, 0, 23)
      .default(2)
      .describe('From which hour of the day (UTC) the daily backup starts.'),
    fullOn: z
      .enum(weekdays)
      .default('sunday')
      .describe('The day of the weekly full backup; the other days back up what differs from it.'),
    keepFull: values
      .whole(keepAllowed, 1, 520)
      .default(4)
      .describe('How many full backups are kept, with everything that depends on them.'),
  })
  .describe('When the database is backed up and how long that is kept.');

/** Extensions of reference systems whose work something else does here. */
const standIns: Readonly<Record<string, string>> = {
  pg_net:
    'Calls that follow a change are functions with events: they leave by the outbox, once the change is there for good (docs/functions.md).',
  pgjwt:
    'Tokens are made and read in front of the database; to sign something there, pgcrypto has hmac (docs/docker.md).',
};

const extension = z
  .string({ error: 'the name of an extension' })
  .superRefine((name, context) => {
    const advice = Object.hasOwn(standIns, name) ? standIns[name] : undefined;
    if (advice === undefined) return;
    contradict(context, [], { reason: `names ${name}, which the image does not have`, advice });
  })
  .meta({ enum: [...extensionNames] })
  .pipe(z.enum(extensionNames));

/** `strata:database`: what Postgres may use, and how it is shared and backed up. */
export const database = z
  .strictObject({
    memory: values.memory
      .default('4G')
      .describe('What Postgres may use of its server; its settings are computed from this.'),
    pools: pools.prefault({}),
    tenants: tenants.prefault({}),
    clients: values
      .whole(clientsAllowed, 10, 20_000)
      .default(1000)
      .describe('How many clients the pooler accepts at the same time.'),
    backup: backup.prefault({}),
    extensions: z
      .array(extension, { error: 'a list of names of extensions' })
      .max(20, { error: 'at most 20 extensions' })
      .default([])
      .describe(
        'Extensions of Postgres beside those of the preset, in the schema ext. One that is taken out stays in the database.',
      ),
  })
  .describe('The database: memory, connections, backups.');

export type DatabaseSettings = z.output<typeof database>;
