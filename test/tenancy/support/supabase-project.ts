import { withClient } from '../../../provider/database/connect';
import type { Server } from '../../sql/support/server';

/** People of the stand-in: ann and bob are of acme, gus is of globex, eve of none. */
export const ids = {
  ann: 'a0000000-0000-4000-8000-000000000001',
  bob: 'a0000000-0000-4000-8000-000000000002',
  gus: 'a0000000-0000-4000-8000-000000000003',
  eve: 'a0000000-0000-4000-8000-000000000004',
  gone: 'a0000000-0000-4000-8000-000000000005',
  acme: 'b0000000-0000-4000-8000-000000000001',
  globex: 'b0000000-0000-4000-8000-000000000002',
  skates: 'c0000000-0000-4000-8000-000000000001',
  weather: 'c0000000-0000-4000-8000-000000000002',
} as const;

/** Of no password that anybody has. */
export const hash = `$2a$10$${'x'.repeat(53)}`;

const auth = `
  create schema auth;
  create table auth.users (
    instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
    encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz,
    confirmation_token varchar(255), confirmation_sent_at timestamptz, recovery_token varchar(255),
    recovery_sent_at timestamptz, email_change_token_new varchar(255), email_change varchar(255),
    last_sign_in_at timestamptz, raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin boolean,
    created_at timestamptz, updated_at timestamptz, phone text unique default null, phone_confirmed_at timestamptz,
    phone_change text default '', phone_change_token varchar(255) default '',
    confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
    email_change_token_current varchar(255) default '', banned_until timestamptz,
    reauthentication_token varchar(255) default '', is_sso_user boolean not null default false,
    deleted_at timestamptz, is_anonymous boolean not null default false
  );
  create unique index users_email_partial_key on auth.users (email) where is_sso_user = false;
  create table auth.identities (
    provider_id text not null, user_id uuid not null references auth.users on delete cascade,
    identity_data jsonb not null, provider text not null, last_sign_in_at timestamptz, created_at timestamptz,
    updated_at timestamptz, email text generated always as (lower(identity_data ->> 'email')) stored,
    id uuid primary key default gen_random_uuid(), unique (provider_id, provider)
  );`;

/** Runs SQL as a superuser, on a connection of its own. */
export function sqlIn(server: Server, database: string, sql: string): Promise<unknown[]> {
  return withClient(server.url('postgres', database), async (client) => {
    const { rows } = await client.query(sql);
    return rows as unknown[];
  });
}

/** An Auth's own tables without anybody, as the platform's GoTrue would have them. */
export async function emptyAuth(server: Server, database: string): Promise<void> {
  await sqlIn(server, 'postgres', `create database ${database}`);
  await sqlIn(server, database, auth);
}

/** A stand-in for a Supabase project's database: Auth's tables by upstream's migrations, an application in `public`. */
export async function standInProject(server: Server, database: string): Promise<void> {
  await emptyAuth(server, database);
  const user = (id: string, email: string | null, more = 'null::timestamptz, false') =>
    `('${id}', ${email === null ? 'null' : `'${email}'`}, '${hash}', 'otp-under-way', '2025-01-02T03:04:05.678901Z'::timestamptz, '2025-01-02T03:04:05Z'::timestamptz, ${more})`;
  await sqlIn(
    server,
    database,
    `
    insert into auth.users (id, email, encrypted_password, recovery_token, created_at, email_confirmed_at, deleted_at, is_anonymous) values
      ${user(ids.ann, 'ann@acme.test')}, ${user(ids.bob, 'bob@acme.test')}, ${user(ids.gus, 'gus@globex.test')},
      ${user(ids.eve, 'eve@nowhere.test')}, ${user(ids.gone, 'gone@acme.test', "'2025-02-02'::timestamptz, false")},
      ${user('a0000000-0000-4000-8000-000000000006', null, 'null::timestamptz, true')};
    update auth.users set encrypted_password = null, email_confirmed_at = null where id = '${ids.eve}';
    insert into auth.identities (provider_id, user_id, identity_data, provider)
      select id::text, id, jsonb_build_object('email', email), 'email' from auth.users where email is not null;

    create type public.member_role as enum ('owner', 'member');
    create table public.memberships (user_id uuid references auth.users, org_id uuid, role public.member_role, primary key (user_id, org_id));
    insert into public.memberships values ('${ids.ann}', '${ids.acme}', 'owner'), ('${ids.bob}', '${ids.acme}', 'member'),
      ('${ids.gus}', '${ids.globex}', 'owner');
    create table public.projects (id uuid primary key default gen_random_uuid(), org_id uuid, name varchar(80) not null);
    insert into public.projects values ('${ids.skates}', '${ids.acme}', 'Skates'), ('${ids.weather}', '${ids.globex}', 'Weather');
    create table public.notes (id uuid primary key default gen_random_uuid(), org_id uuid, project_id uuid references public.projects,
      author_id uuid references auth.users, body text not null, created_at timestamptz not null);
    insert into public.notes (org_id, project_id, author_id, body, created_at)
      select '${ids.acme}'::uuid, '${ids.skates}'::uuid, '${ids.bob}'::uuid, e'note\\n\\t\\\\ ' || n, '2025-03-04T05:06:07.123456Z'::timestamptz
      from generate_series(1, 50) n
      union all select '${ids.globex}', '${ids.weather}', '${ids.gus}', 'rain', '2025-03-04T05:06:07Z';`,
  );
}
