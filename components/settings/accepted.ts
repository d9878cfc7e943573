import { z } from 'zod';

/** What is closed until somebody says that he accepts it open: name → what it gives away. */
export const acceptable = {
  'service-key':
    'a key of Supabase that passes row level security by: whoever has it reads and writes the rows of every tenant',
  'realtime-replication':
    "Realtime's login may replicate: it reads the write-ahead log of the whole cluster, with the rows of every tenant",
} as const;

const acceptableNames = Object.keys(acceptable) as (keyof typeof acceptable)[];

const sentences = Object.entries(acceptable).map(([name, what]) => `${name}: ${what}`);

/** `strata:accept`: what may be deployed although it gives something away. */
export const accept = z
  .array(z.enum(acceptableNames))
  .default([])
  .describe(`What may be deployed although it gives something away. ${sentences.join('. ')}.`);
