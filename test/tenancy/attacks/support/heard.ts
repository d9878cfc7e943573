import fc from 'fast-check';
import { projectName } from './estates';
import { attackers, people, rowId, victims, type Estate, type Kind, type Residents } from './names';

/** What the attacker may have heard of: own ids and names, and those of B in both worlds. */

const estates: readonly Estate[] = ['a', 'b', 'other b'];
const schemas = ['app', attackers.schema.place.schema, victims.schema.place.schema];

/** The id of a row, or of one that there is nowhere. */
export function row(kind: Kind): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...estates), fc.integer({ min: 1, max: 3 }))
        .map(([estate, n]) => rowId(estate, kind, n)),
    },
    { weight: 1, arbitrary: fc.constant(rowId('a', kind, 999)) },
  );
}

/** A tenant, as often as not one of A's own. */
export const tenant = fc.oneof(
  fc.constantFrom(...ids(attackers)),
  fc.constantFrom(...ids(attackers), ...ids(victims), '00000000-0000-4000-8000-000000000000'),
);

/** Somebody, as often as not of A. */
export const user = fc.oneof(
  fc.constantFrom(people.ann, people.bob),
  fc.constantFrom(...Object.values(people)),
);

/** Somebody of B, who is a user of the platform in one of the worlds only, or in both. */
export const stranger = fc.constantFrom(people.gus, people.hal, people.ivy);

export const projectTitle = fc.oneof(
  fc
    .tuple(fc.constantFrom(...estates), fc.integer({ min: 1, max: 3 }))
    .map(([estate, n]) => projectName(estate, n)),
  fc.constantFrom('Anything', ''),
);

/** A table as it may be written: mostly as the search path finds it. */
export function table(
  name: Kind | 'careless_notes' | 'countries' | 'chores',
): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant<string>(name) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(...schemas, 'pg_temp', 'public', 'kept')
        .map((schema) => `${schema}.${name}`),
    },
  );
}

export const role = fc.constantFrom(
  'strata_tenant',
  'strata_anon',
  'strata_isolated',
  'strata_owner',
  'strata_maintenance',
  'strata_migrator',
  'strata_hasura',
  'strata_app',
  'strata_authenticator',
  'strata_auditor',
  'strata_guard',
  'strata_dispatcher',
  'strata_sessions',
  'strata_admin_page',
  'strata_pooler',
  'strata_monitor',
  'postgres',
  'pg_read_all_data',
  'pg_monitor',
  ...Object.values(attackers).map((resident) => resident.role),
  ...Object.values(victims).map((resident) => resident.role),
  'none',
);

export const path = fc.constantFrom(
  ...schemas,
  `${victims.schema.place.schema}, app`,
  `app, ${victims.schema.place.schema}`,
  `${attackers.schema.place.schema}, ${victims.schema.place.schema}, app`,
  'pg_temp, app',
  'pg_catalog',
  '""',
  '"$user", public',
  'registry, audit, storage, tenancy, outbox, strata',
);

function ids(residents: Residents): string[] {
  return Object.values(residents).map(({ id }) => id);
}
