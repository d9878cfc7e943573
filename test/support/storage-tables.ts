/**
 * A stand-in for what the migrations of Supabase's storage leave: the columns that its documents name (supabase/storage
 * migrations/tenant/0002 at 0b2408b0, 0007, 0012, 0014, 0021, read 2026-11-22), and the grants of its setting of roles.
 */
export const storageTables = [
  `create table storage.buckets (id text primary key, name text not null unique, owner uuid, owner_id text,
     public boolean default false, file_size_limit bigint, allowed_mime_types text[])`,
  `create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets (id),
     name text, owner uuid, owner_id text, version text, metadata jsonb)`,
  'create unique index bucketid_objname on storage.objects (bucket_id, name)',
  'create table storage.s3_multipart_uploads (id text primary key, bucket_id text, key text)',
  'create table storage.migrations (id int primary key)',
  'alter table storage.objects enable row level security',
  'grant all on all tables in schema storage to strata_tenant, strata_anon',
  'create policy somebodys on storage.objects to public using (true) with check (true)',
] as const;
