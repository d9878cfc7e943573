import { z } from 'zod';
import * as values from './values';

/** `strata:hasura`: the GraphQL server of preset nself. */
export const hasura = z
  .strictObject({
    memory: values.memory.default('1G').describe('The most that one replica may use.'),
    allowList: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe(
        'Only operations of app/hasura/query_collections.yaml that allowlist.yaml names are answered.',
      ),
  })
  .describe('Hasura; its tables and permissions come from app/tenancy.ts.');
