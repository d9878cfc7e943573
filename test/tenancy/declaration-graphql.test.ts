import { makeSchema } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'postgraphile/graphql';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { jsonPgSmartTags } from 'postgraphile/utils';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { smartTags } from '../../components/tenancy/postgraphile';
import { startServer, type Server } from '../sql/support/server';
import { declaration, deployDeclared } from './support/declared';

let server: Server;
let pool: Pool;
let owner: Pool;

beforeAll(async () => {
  server = await startServer();
  const admin = await deployDeclared(server, 'shown');
  // Somebody to whom no grant hides anything: what is not shown to it, the tags hide.
  await admin.query('create role seer login superuser');
  pool = new Pool({ connectionString: server.url('strata_authenticator', 'shown'), max: 1 });
  owner = new Pool({ connectionString: server.url('seer', 'shown'), max: 1 });
});

afterAll(async () => {
  await pool.end();
  await owner.end();
  await server.stop();
});

async function schemaFor(
  who: Pool,
  declared: TenancyDeclaration | undefined,
): Promise<GraphQLSchema> {
  const { schema } = await makeSchema({
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
    plugins: declared ? [jsonPgSmartTags(smartTags(declared))] : [],
    pgServices: [makePgService({ pool: who, schemas: ['app'], pubsub: false })],
    gather: { pgIdentifiers: 'unqualified' },
  });
  return schema;
}

const tables = ['Chore', 'Country', 'Diary', 'Drop', 'Folder', 'Paper', 'Safe', 'Sealed'];

/** What may be asked for, by table: its type, and which mutations there are. */
function shown(schema: GraphQLSchema): Record<string, string[]> {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  return Object.fromEntries(
    tables
      .filter((name) => schema.getType(name))
      .map((name) => [
        name,
        ['create', 'update', 'delete'].filter((command) =>
          mutations.some((field) => new RegExp(`^${command}${name}(?![a-z])`).test(field)),
        ),
      ]),
  );
}

describe('the smart tags of the declaration', () => {
  test('are data, by table, sorted', () => {
    expect(smartTags(declaration)).toEqual({
      version: 1,
      config: {
        class: {
          'app.chores': { tags: { behavior: '-*' } },
          'app.countries': { tags: { behavior: '-insert -update -delete' } },
          'app.diaries': {},
          'app.drops': { tags: { behavior: '-*' } },
          'app.folders': {},
          'app.papers': { attribute: { score: { tags: { behavior: '-*' } } } },
          'app.safes': {
            tags: { behavior: '-delete' },
            attribute: { secret: { tags: { behavior: '-select -filterBy -orderBy' } } },
          },
          'app.sealed': { tags: { behavior: '-*' } },
        },
      },
    });
  });

  test('show what somebody may do, and nothing else, to one from whom no grant hides anything', async () => {
    const schema = await schemaFor(owner, declaration);
    expect(shown(schema)).toEqual({
      Country: [],
      Diary: ['create', 'update', 'delete'],
      Folder: ['create', 'update', 'delete'],
      Paper: ['create', 'update', 'delete'],
      Safe: ['create', 'update'],
    });
    const text = printSchema(schema);
    expect(text).toContain('label');
    expect(text).not.toMatch(/score|sealed|chore/i);
    const withSecret = Object.entries(schema.getTypeMap())
      .filter(([, type]) => 'getFields' in type && 'secret' in type.getFields())
      .map(([name]) => name);
    expect(withSecret.sort()).toEqual(['SafeInput', 'SafePatch']);
    expect(text.match(/secret/gi)).toHaveLength(2);
  });

  test('are what shows it: without them everything is there', async () => {
    const schema = await schemaFor(owner, undefined);
    expect(Object.keys(shown(schema))).toEqual(tables);
    expect(printSchema(schema)).toMatch(/score[^]*secret/);
  });

  test('take nothing from the API that the platform deploys but what the declaration hides', async () => {
    const plain = printSchema(lexicographicSortSchema(await schemaFor(pool, undefined)));
    const tagged = printSchema(lexicographicSortSchema(await schemaFor(pool, declaration)));
    const lines = new Set(tagged.split('\n'));
    const gone = plain.split('\n').filter((line) => !lines.has(line));
    expect(gone.filter((line) => !/score|secret|drop/i.test(line) && line.trim() !== '')).toEqual(
      [],
    );
  });
});
