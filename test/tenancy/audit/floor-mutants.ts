import { member, mutantsOf, P } from './mutant';

const floor = `${P} and ${member}`;

export const floorMutants = [
  ...mutantsOf(3, [
    ['floor-missing', 'app.notes', 'the floor', 'drop policy tenant_floor on app.notes'],
    [
      'floor-missing',
      't_own.notes',
      'the floor of a tenant’s own',
      'drop policy tenant_floor on t_own.notes',
    ],
    [
      'floor-missing',
      'storage.files',
      'the floor of files',
      'drop policy tenant_floor on storage.files',
    ],
    [
      'floor-missing',
      'app.notes',
      'the floor of Hasura’s reads',
      'drop policy hasura_floor_read on app.notes',
    ],
    [
      'floor-missing',
      'app.notes',
      'the floor of Hasura’s inserts',
      'drop policy hasura_floor_insert on app.notes',
    ],
    [
      'floor-missing',
      'app.notes',
      'the floor of Hasura’s updates',
      'drop policy hasura_floor_update on app.notes',
    ],
    [
      'floor-missing',
      'app.notes',
      'the floor of Hasura’s deletes',
      'drop policy hasura_floor_delete on app.notes',
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor that is true',
      'alter policy tenant_floor on app.notes using (true) with check (true)',
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor whose check is true',
      `alter policy tenant_floor on app.notes using (${floor}) with check (true)`,
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor for any role',
      `alter policy tenant_floor on app.notes using (${P}) with check (${P})`,
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor for somebody else',
      'alter policy tenant_floor on app.notes to strata_anon',
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor for reading only',
      `drop policy tenant_floor on app.notes; create policy tenant_floor on app.notes as restrictive for select to strata_tenant using (${floor})`,
    ],
    [
      'floor-missing',
      'app.notes',
      'a floor that permits',
      `drop policy tenant_floor on app.notes; create policy tenant_floor on app.notes to strata_tenant using (${floor}) with check (${floor})`,
    ],
    ['lock-missing', 't_own.notes', 'the second lock', 'drop policy tenant_lock on t_own.notes'],
    [
      'lock-missing',
      't_own.notes',
      'the lock of another tenant',
      `alter policy tenant_lock on t_own.notes using (tenant_id = '00000000-0000-4000-8000-000000000000') with check (true)`,
    ],
    ['grant-without-policy', 'app.notes', 'a policy', 'drop policy tenant_delete on app.notes'],
    [
      'grant-without-policy',
      'app.projects',
      'a policy of Hasura',
      'drop policy hasura_insert on app.projects',
    ],
  ]),
];
