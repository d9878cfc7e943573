import type { Person, World } from './world';

/** How somebody comes to the database: through which login, and what is set in the transaction. */
interface Actor {
  readonly login: string;
  readonly setUp: (world: World) => string[];
  /** Whose rows and whose tenant's rows are the actor's own. */
  readonly person?: 'ann' | 'bob' | 'gus' | 'hal';
}

const claims = 'https://hasura.io/jwt/claims';

const actors = {
  'ann by token': {
    login: 'strata_authenticator',
    person: 'ann',
    setUp: ({ ann }) => byToken(ann),
  },
  'bob by token': {
    login: 'strata_authenticator',
    person: 'bob',
    setUp: ({ bob }) => byToken(bob),
  },
  'gus by token': {
    login: 'strata_authenticator',
    person: 'gus',
    setUp: ({ gus }) => byToken(gus),
  },
  'nobody by token': {
    login: 'strata_authenticator',
    setUp: () => ['set local role strata_tenant'],
  },
  anonymous: {
    login: 'strata_authenticator',
    setUp: ({ ann }) => [...byToken(ann), 'set local role strata_anon'],
  },
  'the bare authenticator': { login: 'strata_authenticator', setUp: ({ ann }) => [jwt(ann)] },
  'ann in a Hasura mutation': {
    login: 'strata_hasura',
    person: 'ann',
    setUp: ({ ann }) => [hasura(session(ann))],
  },
  'bob in a Hasura mutation': {
    login: 'strata_hasura',
    person: 'bob',
    setUp: ({ bob }) => [hasura(session(bob))],
  },
  'gus in a Hasura mutation': {
    login: 'strata_hasura',
    person: 'gus',
    setUp: ({ gus }) => [hasura(session(gus))],
  },
  'Hasura without a session': { login: 'strata_hasura', setUp: () => [] },
  'ann by backend': { login: 'strata_app', person: 'ann', setUp: ({ ann }) => byBackend(ann) },
  'bob by backend': { login: 'strata_app', person: 'bob', setUp: ({ bob }) => byBackend(bob) },
  'gus by backend': { login: 'strata_app', person: 'gus', setUp: ({ gus }) => byBackend(gus) },
  'a backend without context': { login: 'strata_app', setUp: () => [] },
  'the auditor': { login: 'strata_auditor', setUp: () => [] },
  'the migrator': { login: 'strata_migrator', setUp: () => [] },
  maintenance: { login: 'strata_migrator', setUp: () => ['set local role strata_maintenance'] },
  'the owner': { login: 'strata_migrator', setUp: () => ['set local role strata_owner'] },
} as const satisfies Record<string, Actor>;

export type ActorName = keyof typeof actors;

/** An actor by name, with what only some of them have. */
export function actor(name: ActorName): Actor {
  return actors[name];
}

/** What a token or Hasura says of somebody. */
export function session(person: Pick<Person, 'id' | 'role' | 'tenant'>): Record<string, unknown> {
  return {
    'x-hasura-user-id': person.id,
    'x-hasura-tenant-id': person.tenant,
    'x-hasura-role': `tenant_${person.role}`,
  };
}

/** A statement that sets the payload of a verified token in the transaction. */
export function jwt(person: Pick<Person, 'id' | 'role' | 'tenant'>): string {
  return setting(
    'request.jwt.claims',
    JSON.stringify({ sub: person.id, [claims]: session(person) }),
  );
}

/** A statement that sets what Hasura sets in a mutation. */
export function hasura(value: unknown): string {
  return setting('hasura.user', JSON.stringify(value));
}

/** A statement that sets a parameter until the transaction ends. */
export function setting(name: string, value: string): string {
  return `select set_config('${name}', '${value.replaceAll("'", "''")}', true)`;
}

function byToken(person: Person): string[] {
  return ['set local role strata_tenant', jwt(person)];
}

function byBackend({ id, role, tenant }: Person): string[] {
  return [setting('app.tenant_id', tenant), setting('app.user_id', id), setting('app.role', role)];
}
