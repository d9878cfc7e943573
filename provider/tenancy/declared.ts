import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { z } from 'zod';
import { appSchema } from '../../components/tenancy/places';
import type { SchemaClaims } from '../../components/tenancy/claims';
import { unknownTableRules, type UnknownTableRule } from '../../components/settings/names';
import { UserError } from '../../engine/errors';
import { readLive, withClient } from '../database/connect';
import type { Changes, Context, Resource } from '../host/resource';
import { differences, memberDifferences } from '../local/changes';
import { schemaProblems } from './schema-problems';
import { unknownTable, unknownTables } from './unknown';

/**
 * The agreement of the database with the declaration of tenancy, after the migrations and before any service starts.
 *
 * Refuses, with every reason at once, when the declaration does not name a table (`unknown: 'report'` warns instead), or
 * says of columns and parents what the schema does not. A table that somebody makes by hand shows as drift. Changes
 * nothing in the database; costs two queries of the catalogue.
 */
export interface DeclaredInputs {
  /** Secret: connects as the migrator. */
  url: string;
  cluster: string;
  /** Changes with every migration. */
  schema: string;
  claims: SchemaClaims;
  unknown: UnknownTableRule;
}

export interface DeclaredState extends DeclaredInputs {
  /** What was found when it was last looked for, and found bearable. */
  accepted: string[];
  /** What is found now. */
  live: string[];
}

export const declared: Resource<DeclaredInputs, DeclaredState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    schema: z.string(),
    claims: z.object({
      tables: z.record(z.string(), z.custom<SchemaClaims['tables'][string]>()),
      shared: z.array(z.string()),
    }),
    unknown: z.enum(unknownTableRules),
  }),
  computed: ['accepted', 'live'],
  volatile: ['accepted', 'live'],

  diff(state, inputs): Changes {
    const changes: Changes = {
      ...differences(state, inputs, ['cluster', 'schema', 'unknown'], 'update'),
      ...memberDifferences(
        state.claims.tables,
        inputs.claims.tables,
        (table) => `claims.tables["${table}"]`,
      ),
    };
    if (!isDeepStrictEqual(state.claims.shared, inputs.claims.shared)) {
      changes['claims.shared'] = 'update';
    }
    if (!isDeepStrictEqual(state.live, state.accepted)) changes.live = 'update';
    return changes;
  },

  async create(inputs, context) {
    return { id: 'declaration', state: await agree(inputs, context) };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => ({
      ...state,
      live: Object.values(await conflicts(client, state.claims)).flat(),
    })),

  update: (_id, _state, inputs, context) => agree(inputs, context),

  delete: () => Promise.resolve(),
};

/** Everything in which a place's schema and what is declared differ: sentences with their remedies. */
export async function conflicts(
  client: Client,
  claims: SchemaClaims,
  schema: string = appSchema,
): Promise<{ readonly unknown: string[]; readonly wrong: string[] }> {
  const named = [...Object.keys(claims.tables), ...claims.shared];
  const here = named.map((table) => `${schema}${table.slice(appSchema.length)}`);
  return {
    unknown: (await unknownTables(client, here, schema)).map(unknownTable),
    wrong: await schemaProblems(client, claims, schema),
  };
}

/** Throws what cannot stay, all of it; returns what may, having warned. */
async function refuseConflicts(
  client: Client,
  claims: SchemaClaims,
  { unknown: rule, schema }: { unknown: UnknownTableRule; schema?: string },
  warn: (text: string) => void,
): Promise<string[]> {
  const { unknown, wrong } = await conflicts(client, claims, schema);
  const refused = rule === 'refuse' ? [...unknown, ...wrong] : wrong;
  if (refused.length > 0) {
    throw new UserError(
      `The database and tenancy.ts do not agree:\n${refused.map((reason) => `  - ${reason}`).join('\n')}`,
    );
  }
  unknown.forEach(warn);
  return unknown;
}

function agree(inputs: DeclaredInputs, context: Context): Promise<DeclaredState> {
  return withClient(inputs.url, async (client) => {
    const { claims, unknown } = inputs;
    const accepted = await refuseConflicts(client, claims, { unknown }, (text) => {
      context.warn(text);
    });
    return { ...inputs, accepted, live: accepted };
  });
}
