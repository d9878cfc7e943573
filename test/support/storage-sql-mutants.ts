/** Fences that are taken down; each must be noticed by a test above. */
export const mutants: readonly (readonly [name: string, sql: string])[] = [
  ['no row level security', 'alter table storage.files disable row level security'],
  ['not forced', 'alter table storage.files no force row level security'],
  [
    'reading: any tenant',
    'alter policy tenant_read on storage.files using (true); drop policy tenant_floor on storage.files',
  ],
  [
    'reading: private files',
    'alter policy tenant_read on storage.files using (tenant_id = (select tenancy.current_tenant_id()))',
  ],
  [
    'adding: any tenant',
    'grant insert (tenant_id) on storage.files to strata_tenant; alter policy tenant_insert on storage.files with check (true); drop policy tenant_floor on storage.files',
  ],
  [
    'adding: any owner',
    'grant insert (owner_id) on storage.files to strata_tenant; alter policy tenant_insert on storage.files with check (tenant_id = (select tenancy.current_tenant_id()))',
  ],
  [
    'adding: any state',
    'grant insert (status, sha256, expires_at) on storage.files to strata_tenant; alter policy tenant_insert on storage.files with check (tenant_id = (select tenancy.current_tenant_id()))',
  ],
  [
    'changing: any member',
    'alter policy tenant_update on storage.files using (tenant_id = (select tenancy.current_tenant_id()))',
  ],
  [
    'deleting: any state',
    'alter policy tenant_delete on storage.files using (tenant_id = (select tenancy.current_tenant_id()))',
  ],
  ['any column', 'grant update on storage.files to strata_tenant'],
  ['any state after any other', 'drop trigger check_change on storage.files'],
  ['nothing is counted', 'drop trigger account on storage.files'],
  ['the owner sees all', 'alter policy service on storage.files using (true)'],
  [
    'the functions are open to tenants',
    'grant execute on all functions in schema storage to strata_tenant',
  ],
  [
    'counters are open to tenants',
    'grant select, update on storage.tenant_usage, storage.user_usage, storage.limits to strata_tenant',
  ],
  ['the hash may be missing', 'alter table storage.files drop constraint files_hashed'],
  ['tables are open to the login', 'grant select on storage.files to strata_authenticator'],
  ['truncate', 'grant truncate on storage.files to strata_tenant'],
];
