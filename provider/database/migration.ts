import type { Client } from 'pg';
import { z } from 'zod';
import { appSchema } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import type { Changes, Context, Problem, Resource } from '../host/resource';
import { readLive, withClient } from './connect';
import { describeSqlError } from './errors';
import { appliedNames, ensureLedger, lockLedger, recorded, record } from './ledger';
import { directives, settingsOf, sha256 } from './migration-file';

/**
 * One SQL file, applied once to one database.
 *
 * Each file is a resource of its own so that a preview lists each pending one. An applied file whose text changed is
 * refused with both hashes. Deleting the resource undoes nothing; reading it while the database is away returns what
 * was recorded.
 */
export interface MigrationInputs {
  /** Secret: whom the migration connects as; a changed URL is no change of the migration. */
  url: string;
  /** The system identifier of the cluster that it is applied to. */
  cluster: string;
  scope: 'platform' | 'app';
  /** The file's name without its ending: `003_tenancy`. */
  name: string;
  sql: string;
}

export interface MigrationState extends MigrationInputs {
  sha256: string;
  /** ISO 8601. */
  appliedAt: string;
}

export const migration: Resource<MigrationInputs, MigrationState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    scope: z.enum(['platform', 'app']),
    name: z.string().regex(/^\d{3,}_[a-z0-9_]+$/, 'must look like 001_topic'),
    sql: z.string(),
  }),
  computed: ['sha256', 'appliedAt'],
  volatile: ['sha256', 'appliedAt'],

  check: (inputs, before) =>
    Promise.resolve([...directiveProblems(inputs), ...changedTextProblems(inputs, before)]),

  diff(state, inputs): Changes {
    if (state.cluster !== inputs.cluster) return { cluster: 'update' };
    if (state.scope !== inputs.scope || state.name !== inputs.name) return { name: 'replace' };
    return state.sha256 === sha256(inputs.sql) ? {} : { sql: 'update' };
  },

  async create(inputs, context) {
    return { id: `${inputs.scope}/${inputs.name}`, state: await apply(inputs, context) };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => {
      const row = await recorded(client, state);
      return row && { ...state, ...row };
    }),

  // To another cluster, or with a changed text, which the ledger refuses.
  update: (_id, _state, inputs, context) => apply(inputs, context),

  delete: () => Promise.resolve(),
};

async function apply(inputs: MigrationInputs, context: Context): Promise<MigrationState> {
  const appliedAt = await withClient(inputs.url, (client) => applyOnce(client, inputs, context));
  return { ...inputs, sha256: sha256(inputs.sql), appliedAt };
}

async function applyOnce(client: Client, file: MigrationInputs, context: Context): Promise<string> {
  await lockLedger(client);
  await ensureLedger(client);
  const row = await recorded(client, file);
  if (row && row.sha256 !== sha256(file.sql)) {
    throw new UserError(changedText(file, row.sha256, sha256(file.sql)));
  }
  if (row) return row.appliedAt;
  await refuseOutOfOrder(client, file);

  context.progress(`applying ${file.scope}/${file.name}`);
  try {
    return await (directives(file.sql).transaction ? runInside : runOutside)(client, file);
  } catch (error) {
    throw describeSqlError(error, `${file.scope}/${file.name}.sql`, file.sql);
  }
}

/** A fresh database runs the files in the order of their numbers: so does every other. */
async function refuseOutOfOrder(client: Client, { scope, name }: MigrationInputs): Promise<void> {
  const applied = await appliedNames(client, scope);
  const later = applied.filter((other) => Number.parseInt(other) > Number.parseInt(name));
  if (later.length === 0) return;
  throw new UserError(
    `migration ${scope}/${name} is new, but ${later.join(', ')} was applied before it, and a fresh database would run ` +
      'them in the order of their numbers: give the new file the next number',
  );
}

async function runInside(client: Client, file: MigrationInputs): Promise<string> {
  const started = Date.now();
  await client.query('begin');
  try {
    const before = await transactionId(client);
    await client.query("set local lock_timeout = '5s'");
    await client.query(settings(file, 'set local'));
    await client.query(file.sql);
    if ((await transactionId(client)) !== before) {
      throw new UserError(
        'the file ends its own transaction (commit or rollback): leave that to the runner, or mark the file ' +
          '"-- strata: no transaction". What stands before its commit was kept: undo that by hand first.',
      );
    }
    await client.query('reset role');
    const appliedAt = await record(client, file, Date.now() - started);
    await client.query('commit');
    return appliedAt;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** For what Postgres refuses inside a transaction; such a file holds one statement that may be run twice. */
async function runOutside(client: Client, file: MigrationInputs): Promise<string> {
  const started = Date.now();
  await client.query("set lock_timeout = '5s'");
  await client.query(settings(file, 'set'));
  await client.query(file.sql);
  await client.query('reset role');
  return record(client, file, Date.now() - started);
}

/** The application's files change rows of the tenants that share its tables. */
function settings({ scope, sql }: MigrationInputs, set: 'set' | 'set local'): string {
  const home = scope === 'app' ? { schema: appSchema, tenants: 'shared' } : undefined;
  return settingsOf(directives(sql).role, home, set);
}

async function transactionId(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
  return rows[0]?.id ?? '';
}

function directiveProblems(inputs: MigrationInputs): Problem[] {
  try {
    const { role } = directives(inputs.sql);
    return role === 'admin' && inputs.scope === 'app'
      ? [
          {
            property: 'sql',
            reason: `app/${inputs.name}.sql asks for "as admin": only the platform's own files may`,
          },
        ]
      : [];
  } catch (error) {
    return [
      {
        property: 'sql',
        reason: `${inputs.scope}/${inputs.name}.sql: ${(error as Error).message}`,
      },
    ];
  }
}

function changedTextProblems(
  inputs: MigrationInputs,
  before: MigrationInputs | undefined,
): Problem[] {
  if (before?.cluster !== inputs.cluster || before.sql === inputs.sql) return [];
  return [{ property: 'sql', reason: changedText(inputs, sha256(before.sql), sha256(inputs.sql)) }];
}

/** Why a migration whose text was changed after it was applied is refused; both by their SHA-256. */
export function changedText(
  { scope, name }: Pick<MigrationInputs, 'scope' | 'name'>,
  applied: string,
  now: string,
): string {
  return (
    `migration ${scope}/${name} was applied with sha-256 ${applied} and its text now has ${now}: ` +
    'an applied migration never changes. Restore its text and put the change into a new file.'
  );
}
