import fc from 'fast-check';
import { setting } from '../../../sql/support/actors';
import type { Door } from './doors';
import { payload } from './doors';
import { path, role, tenant } from './heard';
import { attackers, claimsOf, people, victims } from './names';

const forged = Object.values(victims).map(({ id }) => claimsOf(id, people.gus, 'admin'));
const [first = {}] = forged;

/** Claims that are A's own, or nobody's: none of them is to be believed to be B. */
const odd = [
  '',
  '{}',
  '[]',
  'null',
  payload({}),
  payload({ ...claimsOf(attackers.shared.id, people.bob, 'member') }),
  payload({ ...claimsOf(attackers.shared.id, people.gus, 'admin') }),
  payload({ ...claimsOf(attackers.schema.id, people.ann, 'admin') }),
  payload({ ...claimsOf(attackers.shared.id, people.ann, 'admin'), 'x-hasura-role': 'admin' }),
  payload({ 'x-hasura-role': 'tenant_admin', 'x-hasura-user-id': people.gus }),
  JSON.stringify(first),
];

/**
 * Claims that cannot be read: an error, but only where a row is looked at, so the error tells whether there is one
 * (sql/CONVENTIONS.md, "What is not closed"). To a tenant's own login it tells of its own rows.
 */
const unreadable = [
  'no JSON',
  payload({ 'x-hasura-tenant-id': 'no uuid', 'x-hasura-role': 'tenant_admin' }),
];

const always: readonly fc.Arbitrary<string>[] = [
  path.map((p) => setting('search_path', p)),
  path.map((p) => `set search_path = ${p}`),
  role.map((r) => `set local role ${r}`),
  role.map((r) => setting('role', r)),
  role.map((r) => `set session authorization ${r}`),
  tenant.map((t) => setting('strata.narrowed_to', t)),
  fc.constantFrom(
    'set local row_security = off',
    'set local session_replication_role = replica',
    setting('audit.forgetting', 'on'),
    'set local enable_seqscan = off',
    'set local enable_indexscan = off; set local enable_bitmapscan = off',
    'set local enable_hashjoin = off; set local enable_mergejoin = off',
    'set local plan_cache_mode = force_generic_plan',
    'set local transaction_read_only = on',
    "set local datestyle = 'German'; set local timezone = 'Asia/Tokyo'",
    'set local check_function_bodies = off',
    'set local standard_conforming_strings = off',
    'set local quote_all_identifiers = on',
    'set local zero_damaged_pages = on',
    'set local allow_system_table_mods = on',
    'set constraints all deferred',
    'set transaction isolation level serializable',
  ),
];

/** Settings that another login would believe, and that mean nothing to this one. */
const foreign: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'request.jwt.claims': fc
    .constantFrom(...forged)
    .map((claims) => setting('request.jwt.claims', payload(claims))),
  'hasura.user': fc
    .constantFrom(...forged)
    .map((claims) => setting('hasura.user', JSON.stringify(claims))),
  'app.tenant_id': tenant.map((t) =>
    [
      setting('app.tenant_id', t),
      setting('app.user_id', people.gus),
      setting('app.role', 'admin'),
    ].join(';'),
  ),
};

const ownSource: Readonly<Record<string, string>> = {
  strata_authenticator: 'request.jwt.claims',
  strata_hasura: 'hasura.user',
  strata_app: 'app.tenant_id',
};

/** What A sets before its statements, through a door. */
export function anyGame({ login, games }: Door): fc.Arbitrary<string> {
  if (games === 'tables') return fc.constantFrom('set local enable_seqscan = off', 'select 1');
  const own = ownSource[login];
  const others = Object.entries(foreign)
    .filter(([source]) => source !== own)
    .map(([, game]) => game);
  return fc.oneof(
    ...always,
    ...others,
    ...others,
    ...oddly(login),
    ...(games === 'all' ? [forgetful] : []),
  );
}

/** Whatever stands in its own source: less than A, or somebody of A. */
function oddly(login: string): fc.Arbitrary<string>[] {
  switch (login) {
    case 'strata_hasura':
      return [];
    case 'strata_app':
      return [
        fc
          .constantFrom('', attackers.shared.id, attackers.schema.id)
          .map((t) => setting('app.tenant_id', t)),
        fc.constantFrom(...Object.values(people)).map((u) => setting('app.user_id', u)),
        fc.constantFrom('admin', 'member', 'owner', '').map((r) => setting('app.role', r)),
      ];
    case 'strata_authenticator':
      return [claims(odd)];
    default:
      return [claims([...odd, ...unreadable])];
  }
}

function claims(values: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...values).map((value) => setting('request.jwt.claims', value));
}

const forgetful = fc.constantFrom('reset all', 'reset role', 'reset search_path');
