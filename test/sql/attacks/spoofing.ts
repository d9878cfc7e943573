import { hasura, jwt, session, setting } from '../support/actors';
import type { World } from '../support/world';
import type { Attack, Expectation } from '../support/verdict';
import { attack, denied, malformed } from './attack';

const all = 'select * from app.notes';
const count = 'select count(*) from app.notes';
const namespace = 'https://hasura.io/jwt/claims';

const byBackend = ({ gus }: World): string[] => [
  setting('app.tenant_id', gus.tenant),
  setting('app.user_id', gus.id),
  setting('app.role', gus.role),
];
const byHasura = ({ gus }: World): string => hasura(session(gus));
const byToken = ({ gus }: World): string => jwt(gus);

/** Claiming to be somebody else: by settings of another login, by malformed claims, by what a connection remembers. */
export const spoofing: readonly Attack[] = [
  attack('ann by token', 'sets what a backend sets', (world) => [...byBackend(world), count], {
    value: 3,
  }),
  attack('ann by token', 'sets what Hasura sets', (world) => [byHasura(world), count], {
    value: 3,
  }),
  attack(
    'ann in a Hasura mutation',
    'sets what a token sets',
    (world) => [byToken(world), ...byBackend(world), count],
    { value: 3 },
  ),
  attack(
    'ann by backend',
    'sets what a token and Hasura set',
    (world) => [byToken(world), byHasura(world), count],
    { value: 3 },
  ),
  attack(
    'nobody by token',
    'sets what a backend and Hasura set',
    (world) => [...byBackend(world), byHasura(world), all],
    'nothing',
  ),
  attack(
    'a backend without context',
    'sets what a token and Hasura set',
    (world) => [byToken(world), byHasura(world), all],
    'nothing',
  ),
  attack(
    'Hasura without a session',
    'writes with what a token and a backend set',
    (world) => [byToken(world), ...byBackend(world), "update app.notes set body = 'x'"],
    'nothing',
  ),
  attack(
    'the auditor',
    'sets everything',
    (world) => [byToken(world), ...byBackend(world), byHasura(world), all],
    denied,
  ),
  attack('the bare authenticator', 'reads without becoming a tenant', all, denied),
  attack(
    'the bare authenticator',
    'writes without becoming a tenant',
    'delete from app.notes',
    denied,
  ),
  attack(
    'the bare authenticator',
    'runs the functions of tenancy',
    'select tenancy.current_tenant_id()',
    denied,
  ),
  attack('anonymous', 'reads with the claims of a member', all, denied),
  attack(
    'anonymous',
    'writes with the claims of a member',
    "insert into app.projects (name) values ('x')",
    denied,
  ),

  ...forged('is no JSON', 'not json', malformed),
  ...forged('is an array', '[]', 'nothing'),
  ...forged('is null', 'null', 'nothing'),
  ...forged('is a string', '"admin"', 'nothing'),
  ...forged('is empty', '', 'nothing'),
  ...claimed('has no claims', () => ({}), 'nothing'),
  ...claimed(
    'has SQL as tenant',
    ({ gus }) => ({ ...session(gus), 'x-hasura-tenant-id': "' or 1=1 --" }),
    malformed,
  ),
  ...claimed(
    'has an empty tenant',
    ({ gus }) => ({ ...session(gus), 'x-hasura-tenant-id': '' }),
    malformed,
  ),
  ...claimed(
    'has null as tenant',
    ({ gus }) => ({ ...session(gus), 'x-hasura-tenant-id': null }),
    'nothing',
  ),
  ...claimed(
    'has two tenants',
    ({ gus, ann }) => ({ ...session(gus), 'x-hasura-tenant-id': [ann.tenant, gus.tenant] }),
    malformed,
  ),
  ...claimed(
    'has a pattern as tenant',
    ({ gus }) => ({ ...session(gus), 'x-hasura-tenant-id': '%' }),
    malformed,
  ),
  ...claimed('has no role', ({ gus }) => ({ ...session(gus), 'x-hasura-role': null }), 'nothing'),
  ...claimed(
    'has a role that does not exist',
    ({ gus }) => ({ ...session(gus), 'x-hasura-role': 'strata_maintenance' }),
    'nothing',
  ),
  ...claimed(
    "has the name of Hasura's own admin as role",
    ({ gus }) => ({ ...session(gus), 'x-hasura-role': 'admin' }),
    'nothing',
  ),
  ...claimed(
    'has a list of roles',
    ({ gus }) => ({ ...session(gus), 'x-hasura-role': ['tenant_admin', 'tenant_member'] }),
    'nothing',
  ),
  ...claimed(
    'writes names in capitals',
    ({ gus }) => ({ 'X-Hasura-Tenant-Id': gus.tenant, 'X-Hasura-Role': 'tenant_admin' }),
    'nothing',
  ),
  attack(
    'nobody by token',
    'puts the claims beside their namespace',
    ({ gus }) => [setting('request.jwt.claims', JSON.stringify(session(gus))), all],
    'nothing',
  ),
  attack(
    'nobody by token',
    'puts the claims into another namespace',
    ({ gus }) => [
      setting('request.jwt.claims', JSON.stringify({ [`${namespace}/`]: session(gus) })),
      all,
    ],
    'nothing',
  ),
  attack(
    'a backend without context',
    'names a tenant that is SQL',
    [setting('app.tenant_id', "' or true --"), setting('app.role', 'admin'), all].join(';'),
    malformed,
  ),
  attack(
    'a backend without context',
    'names a tenant and no role',
    ({ gus }) => [setting('app.tenant_id', gus.tenant), all],
    'nothing',
  ),
  attack(
    'a backend without context',
    'names a role and no tenant',
    [setting('app.role', 'admin'), all].join(';'),
    'nothing',
  ),
  attack(
    'a backend without context',
    'writes without a tenant',
    ({ acme }) =>
      `insert into app.notes (project_id, author_id, body) values ('${acme.project}', null, 'x')`,
    { refused: ['28000'] },
  ),

  attack('Hasura without a session', 'changes rows', "update app.notes set body = 'x'", 'nothing'),
  attack('Hasura without a session', 'deletes rows', 'delete from app.projects', 'nothing'),
  attack(
    'Hasura without a session',
    'adds a row to a tenant',
    ({ globex }) => `insert into app.projects (tenant_id, name) values ('${globex.id}', 'x')`,
    denied,
  ),
  attack(
    'Hasura without a session',
    'adds a row to a tenant by a note',
    ({ globex, gus }) =>
      `insert into app.notes (tenant_id, project_id, author_id, body) values ('${globex.id}', '${globex.project}', '${gus.id}', 'x')`,
    denied,
  ),

  attack('nobody by token', 'finds what the connection remembers', all, 'nothing', {
    after: 'gus by token',
  }),
  attack('the bare authenticator', 'finds the role that the connection had', all, denied, {
    after: 'gus by token',
  }),
  attack('a backend without context', 'finds what the connection remembers', all, 'nothing', {
    after: 'gus by backend',
  }),
  attack(
    'Hasura without a session',
    'finds what the connection remembers',
    "update app.notes set body = 'x'",
    'nothing',
    { after: 'gus in a Hasura mutation' },
  ),
];

/** A token's payload, and Hasura's session, of this text. */
function forged(name: string, text: string, expect: Expectation): Attack[] {
  return [
    attack(
      'nobody by token',
      `brings a payload that ${name}`,
      () => [setting('request.jwt.claims', text), all],
      expect,
    ),
    // Without any session Hasura reads everything: its permissions filter. So an empty one is for its writes.
    attack(
      'Hasura without a session',
      `brings a session that ${name}`,
      () => [setting('hasura.user', text), text === '' ? 'delete from app.notes' : all],
      expect,
    ),
  ];
}

/** Claims that are JSON and still not right. */
function claimed(
  name: string,
  claims: (world: World) => Record<string, unknown>,
  expect: Expectation,
): Attack[] {
  return [
    attack(
      'nobody by token',
      `brings a token that ${name}`,
      (world) => [
        setting('request.jwt.claims', JSON.stringify({ [namespace]: claims(world) })),
        all,
      ],
      expect,
    ),
    attack(
      'Hasura without a session',
      `brings a session that ${name}`,
      (world) => [hasura(claims(world)), all],
      expect,
    ),
  ];
}
