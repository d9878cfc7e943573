import fc from 'fast-check';
import type { Client } from 'pg';
import { setting } from '../../../sql/support/actors';
import { observe } from './board';
import { payload, type Door } from './doors';
import { anyGame } from './games';
import { path, projectTitle, role, table } from './heard';
import { claimsOf, people, victims } from './names';
import type { Move } from './sequence';
import { onTables } from './statements';

/** What A tries to leave in a session that is lent to it for one transaction, and B gets next. */
const leaving: fc.Arbitrary<string> = fc.oneof(
  path.map((p) => `set search_path = ${p}`),
  path.map((p) => `select set_config('search_path', '${p}', false)`),
  role.map((r) => `set role ${r}`),
  role.map((r) => `set session authorization ${r}`),
  fc
    .constantFrom(...Object.values(victims))
    .map(
      ({ id }) =>
        `select set_config('request.jwt.claims', '${payload(claimsOf(id, people.gus, 'admin'))}', false)`,
    ),
  fc
    .constantFrom(
      'app.tenant_id',
      'app.user_id',
      'app.role',
      'hasura.user',
      'strata.narrowed_to',
      'my.own',
    )
    .map((name) => `select set_config('${name}', 'left behind', false)`),
  projectTitle.map((name) => `set application_name = '${name}'`),
  table('notes').map(
    (n) => `declare left_behind cursor with hold for select body from ${n} order by id`,
  ),
  fc.constantFrom(
    'set row_security = off',
    'set default_transaction_read_only = on',
    'set session characteristics as transaction isolation level serializable',
    // Longer than the first statement of the reset, which alone it could cancel.
    'set statement_timeout = 50',
    'set default_transaction_deferrable = on',
    'set lock_timeout = 1',
    "set datestyle = 'German'",
    "set timezone = 'Asia/Tokyo'",
    'set standard_conforming_strings = off',
    'set bytea_output = escape',
    'set client_min_messages = error',
    'set enable_seqscan = off',
    'set work_mem = 64',
    "set session_preload_libraries = 'x'",
    'listen left_behind',
    'select pg_advisory_lock(1)',
    'select pg_advisory_lock_shared(2, 3)',
    'select pg_try_advisory_lock(4)',
    'create temp table notes (body text)',
    'create temp table left_behind (body text)',
    'create temp sequence left_behind',
    "select nextval('left_behind')",
    'lock table notes',
    'begin',
    'savepoint left_behind',
  ),
);

/** A transaction of A that leaves something behind, or ends in an error. */
export function anyVisit(open: readonly Door[]): fc.Arbitrary<Move> {
  return fc.constantFrom(...open).chain((door) =>
    fc.record({
      door: fc.constant(door),
      games: fc.array(anyGame(door), { maxLength: 1 }),
      statements: fc.array(
        fc.oneof(
          { weight: 4, arbitrary: leaving.map((text) => ({ text })) },
          { weight: 1, arbitrary: onTables },
        ),
        { minLength: 1, maxLength: 5 },
      ),
      end: fc.constantFrom('commit' as const, 'rollback' as const),
    }),
  );
}

/** What a session keeps besides rows. Which server process it is tells that it is the one that A had. */
const looks = [
  'select current_user, session_user, current_schemas(true)',
  "select name, setting from pg_settings where source not in ('default', 'configuration file', 'command line', 'override', 'environment variable') and name <> 'application_name' order by name",
  `select ${[
    'request.jwt.claims',
    'hasura.user',
    'app.tenant_id',
    'app.user_id',
    'app.role',
    'strata.narrowed_to',
    'my.own',
  ]
    .map((name) => `nullif(current_setting('${name}', true), '')`)
    .join(', ')}`,
  'select name, statement from pg_cursors',
  'select pg_listening_channels()',
  "select locktype, classid, objid, mode from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'",
  "select relname from pg_class where relpersistence = 't'",
  'show transaction_isolation',
  'show transaction_read_only',
];

/** Everything that B sees, without having set anything: of the session, and then of its rows. */
export async function look(client: Client, setUp: readonly string[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const text of looks) seen.push([text, await observe(client, { text })]);
  const reading = [
    ...setUp,
    'select body, author_id from notes order by id',
    'select current_user, tenancy.current_tenant_id(), current_schemas(false)',
  ];
  seen.push(await observe(client, { text: ['begin', ...reading, 'commit'].join(';') }));
  return seen;
}

/** How B comes, at the same login and database as A's door. */
export function victimAt({ model }: Door, login: string): readonly string[] {
  const { id, place } = victims[model];
  const claims = claimsOf(id, people.gus, 'admin');
  const at = [setting('search_path', `${place.schema}, pg_temp`)];
  if (login === 'strata_app') {
    return [
      ...at,
      ...(model === 'shared' ? [] : [setting('role', place.role)]),
      setting('app.tenant_id', id),
      setting('app.user_id', people.gus),
      setting('app.role', 'admin'),
    ];
  }
  return login === 'strata_hasura'
    ? [...at, setting('hasura.user', JSON.stringify(claims))]
    : [...at, setting('role', place.role), setting('request.jwt.claims', payload(claims))];
}
