import { placeOf, tenantRole, type Model, type Place } from '../../../../components/tenancy/places';

/** One tenant of the scene. The same people are its members in every model. */
export interface Resident {
  readonly model: Model;
  readonly id: string;
  readonly slug: string;
  readonly place: Place;
  /** Its own: of its schema, or the login to its database. */
  readonly role: string;
}

export const people = {
  /** Of the attacker: admin and member. */
  ann: '0a000000-0000-4000-8000-00000000000a',
  bob: '0a000000-0000-4000-8000-00000000000b',
  /** Of the victim. */
  gus: '0b000000-0000-4000-8000-00000000000a',
  hal: '0b000000-0000-4000-8000-00000000000b',
  /** In hal's place where the victim's rows are others. */
  ivy: '0c000000-0000-4000-8000-00000000000b',
} as const;

/** A, who tries everything, and B, of whom nothing may show: each in every model. */
export const attackers = residents('acme', '0a');
export const victims = residents('globex', '0b');

export type Residents = Readonly<Record<Model, Resident>>;

/** Whose rows: A's, and B's in either world. */
export type Estate = 'a' | 'b' | 'other b';

const kinds = {
  projects: '10',
  notes: '20',
  folders: '30',
  papers: '40',
  diaries: '50',
  safes: '60',
  drops: '70',
  sealed: '80',
  files: '90',
} as const;
export type Kind = keyof typeof kinds;

/** The id of the nth row of a table in an estate. */
export function rowId(estate: Estate, kind: Kind, n: number): string {
  const owner = { a: '0a', b: '0b', 'other b': '0c' }[estate];
  return `${owner}${kinds[kind]}0000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** What the payload of a token says of somebody. */
export function claimsOf(
  tenant: string,
  user: string,
  role: 'admin' | 'member',
  scopes?: string,
): Readonly<Record<string, string>> {
  return {
    'x-hasura-tenant-id': tenant,
    'x-hasura-user-id': user,
    'x-hasura-role': `tenant_${role}`,
    ...(scopes !== undefined && { 'x-hasura-scopes': scopes }),
  };
}

function residents(name: string, digits: string): Residents {
  const resident = (model: Model, n: number): Resident => {
    const id = `${digits}000000-0000-4000-8000-00000000000${String(n)}`;
    return { model, id, slug: `${name}-${model}`, place: placeOf(id, model), role: tenantRole(id) };
  };
  return {
    shared: resident('shared', 1),
    schema: resident('schema', 2),
    database: resident('database', 3),
  };
}
