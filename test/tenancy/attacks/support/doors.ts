import { platformDatabase, type Model } from '../../../../components/tenancy/places';
import { setting } from '../../../sql/support/actors';
import { attackers, claimsOf, people, victims, type Resident } from './names';

/** A way in for A: a login, and what is set at the beginning of each transaction. */
export interface Door {
  readonly name: string;
  readonly login: string;
  readonly database: string;
  /** Whose tables A is after here first. */
  readonly model: Model;
  readonly setUp: readonly string[];
  /**
   * What A may do besides. `tables`: only statements on tables, because B's own claims stand in the source of this
   * login, and with another role they would be believed. `hasura`: anything but to end the session of the mutation,
   * because Hasura without one is fenced by its metadata.
   */
  readonly games: 'all' | 'hasura' | 'tables';
}

const { ann, bob, gus } = people;
const { shared, schema, database } = attackers;

/** The payload of a token. */
export function payload(claims: Readonly<Record<string, string>>): string {
  return JSON.stringify({ 'https://hasura.io/jwt/claims': claims });
}

const token = (claims: Readonly<Record<string, string>>): string =>
  setting('request.jwt.claims', payload(claims));
const session = (claims: Readonly<Record<string, string>>): string =>
  setting('hasura.user', JSON.stringify(claims));
const context = (tenant: string, user: string, role: string): string[] => [
  setting('app.tenant_id', tenant),
  setting('app.user_id', user),
  setting('app.role', role),
];

/** What a service sets for a tenant's place. */
function at({ place }: Resident, role: string | null = place.role): string[] {
  return [
    setting('search_path', `${place.schema}, pg_temp`),
    ...(role === null ? [] : [setting('role', role)]),
  ];
}

const both = [
  ['ann', ann, 'admin'],
  ['bob', bob, 'member'],
] as const;

/** Every way in that a runtime login has for A, in each model. */
export const doors: readonly Door[] = [
  ...both.flatMap(([name, user, role]) => [
    authenticator(`${name} by token`, shared, [
      ...at(shared),
      token(claimsOf(shared.id, user, role)),
    ]),
    app(`${name} by backend`, shared, [...at(shared, null), ...context(shared.id, user, role)]),
    {
      ...door(`${name} in a Hasura mutation`, 'strata_hasura', shared, [
        ...at(shared, null),
        session(claimsOf(shared.id, user, role)),
      ]),
      games: 'hasura' as const,
    },
    authenticator(`${name} by token`, schema, [
      ...at(schema),
      token(claimsOf(schema.id, user, role)),
    ]),
    app(`${name} by backend`, schema, [...at(schema), ...context(schema.id, user, role)]),
    ownLogin(`${name} by token`, [...at(database), token(claimsOf(database.id, user, role))]),
  ]),
  authenticator('an API key without scope', shared, [
    ...at(shared),
    token(claimsOf(shared.id, ann, 'admin', 'storage:read')),
  ]),
  authenticator('nobody by token', shared, at(shared)),
  authenticator('anonymous', shared, [
    ...at(shared, 'strata_anon'),
    token(claimsOf(shared.id, ann, 'admin')),
  ]),
  authenticator('the bare authenticator', shared, [
    ...at(shared, null),
    token(claimsOf(shared.id, ann, 'admin')),
  ]),
  app('a backend without context', shared, at(shared, null)),
  authenticator("A's claims at the shared tables", schema, [
    ...at(shared),
    token(claimsOf(schema.id, ann, 'admin')),
  ]),
  authenticator("A's claims in B's schema", schema, [
    ...at(victims.schema),
    token(claimsOf(schema.id, ann, 'admin')),
  ]),
  app("A's context in B's schema", schema, [
    ...at(victims.schema),
    ...context(schema.id, ann, 'admin'),
  ]),
  {
    ...authenticator("B's claims in A's schema", schema, [
      ...at(schema),
      token(claimsOf(victims.schema.id, gus, 'admin')),
    ]),
    games: 'tables',
  },
  {
    ...app("B's context in A's schema", schema, [
      ...at(schema),
      ...context(victims.schema.id, gus, 'admin'),
    ]),
    games: 'tables',
  },
  ownLogin('the bare login', [...at(database, null), token(claimsOf(database.id, ann, 'admin'))]),
  ownLogin("B's claims", [...at(database), token(claimsOf(victims.database.id, gus, 'admin'))]),
  ownLogin("claims of B's shared rows", [
    ...at(database),
    token(claimsOf(victims.shared.id, gus, 'admin')),
  ]),
];

function authenticator(name: string, resident: Resident, setUp: readonly string[]): Door {
  return door(name, 'strata_authenticator', resident, setUp);
}

function app(name: string, resident: Resident, setUp: readonly string[]): Door {
  return door(name, 'strata_app', resident, setUp);
}

function ownLogin(name: string, setUp: readonly string[]): Door {
  return door(name, database.role, database, setUp);
}

function door(name: string, login: string, { model }: Resident, setUp: readonly string[]): Door {
  return {
    name: `${model}: ${name}`,
    login,
    database: model === 'database' ? database.place.database : platformDatabase,
    model,
    setUp,
    games: 'all',
  };
}
