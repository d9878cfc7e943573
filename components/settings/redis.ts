import { z } from 'zod';
import * as values from './values';

/** `strata:redis`. */
export const redis = z
  .strictObject({
    memory: values.memory
      .default('512M')
      .describe('What the data may take. When it is full, writes are refused and nothing is lost.'),
  })
  .describe('Redis (Valkey): sessions, cache, counters of limits, queues.');
