import {
  claimsOf as attackClaims,
  type Row,
  type Sides,
} from '../../../../components/tenancy/attack-sql';
import { refusals, type Attack } from '../../../../components/tenancy/attacks';
import type { Audience } from '../../../../components/tenancy/audience';
import { platformDatabase, type Model } from '../../../../components/tenancy/places';
import { setting } from '../../../sql/support/actors';
import { payload } from './doors';
import { attackers, people, rowId, victims, type Resident } from './names';

/** A login at a tenant's tables, through which every attack of the declaration is made. */
export interface Entrance {
  readonly name: string;
  readonly model: Model;
  readonly login: string;
  readonly database: string;
  readonly audience: Pick<Audience, 'schema' | 'role'>;
  readonly sides: Sides;
  /** What is set before the attack's statement; undefined where this login cannot come as that attacker. */
  readonly setUp: (attack: Attack) => readonly string[] | undefined;
  /** What must come of it here. */
  readonly expected: (attack: Attack) => readonly string[];
}

const folder = (estate: 'a' | 'b', n: number): string => `'${rowId(estate, 'folders', n)}'`;
const project = (estate: 'a' | 'b', n: number): string => `'${rowId(estate, 'projects', n)}'`;

function side(resident: Resident, estate: 'a' | 'b', user: string, other: string): Sides['own'] {
  const rows: Record<string, Row> = {
    'app.projects': { name: `'new'` },
    'app.notes': { body: `'new'`, project_id: project(estate, 2) },
    'app.folders': { name: `'new'` },
    'app.papers': { body: `'new'`, folder_id: folder(estate, 2) },
    'app.diaries': { body: `'new'` },
    'app.safes': { label: `'new'`, secret: `'new'` },
    'app.drops': { body: `'new'` },
    'app.sealed': { body: `'new'` },
    'app.countries': { code: `'xx'`, name: `'X'` },
    'app.chores': { id: '2', name: `'X'` },
  };
  const keys = {
    'app.folders': { id: folder(estate, 2) },
    'app.projects': { id: project(estate, 2) },
  };
  return { tenant: resident.id, user, other, rows, keys };
}

function sidesOf(model: Model): Sides {
  return {
    own: side(attackers[model], 'a', people.ann, people.bob),
    victim: side(victims[model], 'b', people.gus, people.hal),
  };
}

const asDeclared = ({ expect, deed }: Attack): string[] =>
  expect === 'refused' && deed.do === 'refer'
    ? [refusals.denied, refusals.noSuchRow]
    : expect === 'refused'
      ? [refusals.denied]
      : [expect];
const refused = (): string[] => [refusals.denied];

/** The logins that act for tenants, at the place of each model. */
const tenants: readonly Entrance[] = [
  byToken('shared', 'strata_authenticator'),
  byBackend('shared'),
  inMutation(),
  byToken('schema', 'strata_authenticator'),
  byBackend('schema'),
  byToken('database', attackers.database.role),
];

/** Logins that act for no tenant, though they set whatever would make them one, at the platform's database. */
const strangers = [
  'strata_authenticator',
  'strata_guard',
  'strata_dispatcher',
  'strata_sessions',
  'strata_admin_page',
  'strata_auditor',
  'strata_monitor',
  'strata_pooler',
].flatMap((login) => (['shared', 'schema'] as const).map((model) => stranger(model, login)));

export const entrances: readonly Entrance[] = [
  ...tenants,
  ...strangers,
  stranger('database', attackers.database.role),
  stranger('database', 'strata_auditor'),
  // With its own claims and role at the tables of somebody else.
  elsewhere('schema', 'B’s schema', victims.schema.place.schema),
  elsewhere('schema', 'the shared tables', 'app'),
];

/** Who may not so much as connect: every other login at a tenant's database, a tenant's login at any other one. */
export const closed: readonly (readonly [login: string, database: string])[] = [
  ...[
    'strata_authenticator',
    'strata_app',
    'strata_hasura',
    'strata_guard',
    'strata_dispatcher',
    'strata_sessions',
    'strata_admin_page',
    'strata_monitor',
    'strata_pooler',
    victims.database.role,
  ].map((login) => [login, attackers.database.place.database] as const),
  [attackers.database.role, platformDatabase],
  [attackers.database.role, victims.database.place.database],
  [attackers.database.role, 'postgres'],
  [attackers.database.role, 'template1'],
  [attackers.schema.role, platformDatabase],
  ['strata_tenant', platformDatabase],
  ['strata_anon', platformDatabase],
  ['strata_isolated', platformDatabase],
];

function byToken(model: Model, login: string): Entrance {
  const audience = attackers[model].place;
  const sides = sidesOf(model);
  return {
    ...entrance(model, login, `${model} by token`),
    setUp: (attack) => {
      const { role, claims } = attackClaims(attack, sides, audience);
      return [
        ...(claims ? [setting('request.jwt.claims', payload(claims))] : []),
        `set local role ${role}`,
      ];
    },
  };
}

/** A backend has no scopes to be limited by, and no role for nobody. */
function byBackend(model: Model): Entrance {
  const { place } = attackers[model];
  const sides = sidesOf(model);
  return {
    ...entrance(model, 'strata_app', `${model} by backend`),
    setUp: (attack) => {
      if (attack.by.scopes) return undefined;
      const { role, claims } = attackClaims(attack, sides, place);
      return [
        ...(claims ? context(claims) : []),
        ...(model === 'shared' && role === place.role ? [] : [`set local role ${role}`]),
      ];
    },
  };
}

/** Hasura without a session is fenced by its metadata, and it is granted columns that its metadata hides. */
function inMutation(): Entrance {
  const sides = sidesOf('shared');
  const { place } = attackers.shared;
  return {
    ...entrance('shared', 'strata_hasura', 'shared in a Hasura mutation'),
    setUp: (attack) => {
      const { deed, by } = attack;
      if (by.who === 'stranger' && deed.do !== 'insert') return undefined;
      if (deed.do === 'show' || deed.do === 'guess') return undefined;
      const { role, claims } = attackClaims(attack, sides, place);
      return [
        ...(claims ? [setting('hasura.user', JSON.stringify(claims))] : []),
        ...(role === place.role ? [] : [`set local role ${role}`]),
      ];
    },
  };
}

function stranger(model: Model, login: string): Entrance {
  const sides = sidesOf(model);
  const { place } = attackers[model];
  return {
    ...entrance(model, login, `${model} as the bare login`),
    setUp: (attack) => {
      const { claims = {} } = attackClaims(attack, sides, place);
      return [
        setting('request.jwt.claims', payload(claims)),
        setting('hasura.user', JSON.stringify(claims)),
        ...context(claims),
      ];
    },
    expected: refused,
  };
}

function elsewhere(model: Model, where: string, schema: string): Entrance {
  const { place } = attackers[model];
  return {
    ...byToken(model, 'strata_authenticator'),
    name: `${model} by token at ${where} through strata_authenticator`,
    audience: { schema, role: place.role },
    expected: refused,
  };
}

function entrance(model: Model, login: string, name: string): Entrance {
  const { place } = attackers[model];
  return {
    name: `${name} through ${login === place.role || login === attackers.database.role ? 'its own login' : login}`,
    model,
    login,
    database: place.database,
    audience: place,
    sides: sidesOf(model),
    setUp: () => [],
    expected: asDeclared,
  };
}

function context(claims: Readonly<Record<string, string>>): string[] {
  return [
    setting('app.tenant_id', claims['x-hasura-tenant-id'] ?? ''),
    setting('app.user_id', claims['x-hasura-user-id'] ?? ''),
    setting('app.role', (claims['x-hasura-role'] ?? '').replace('tenant_', '')),
  ];
}
