import { z } from 'zod';
import * as values from './values';

/** What a service may use at most. */
export const resources = z
  .strictObject({
    cpus: values.cpus.optional().describe('Processors, such as 0.5.'),
    memory: values.memory.optional().describe('Memory, such as 512M or 2G.'),
  })
  .describe('Upper limits; none where not given.');
