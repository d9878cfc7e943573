import { sessionReset } from '../../../../components/services/database/pooler';
import type { Model } from '../../../../components/tenancy/places';
import { attackers, victims } from './names';

/** Which part of the suite sees it. */
export const parts = ['declaration', 'connections', 'sequences', 'graphql', 'pooler'] as const;
export type Part = (typeof parts)[number];

/** A fence that is taken down in both worlds, and who must notice. */
export interface Mutant {
  readonly name: string;
  /** Of A, whose place it is about. */
  readonly model: Model;
  /** Run by a superuser at A's place, its schema being the search path. */
  readonly sql: string;
  /** Puts back what putting up the fences of the place does not. */
  readonly undo?: string;
  /** Functions of the platform that are as they were afterwards. */
  readonly functions?: readonly string[];
  readonly noticedBy: readonly Exclude<Part, 'pooler'>[];
}

const tables = ['projects', 'notes', 'folders', 'papers', 'diaries', 'safes', 'drops'];
const each = (statement: (table: string) => string): string => tables.map(statement).join('; ');
const isMember = '((select tenancy.is_tenant_member()))';

const floors = each((t) => `drop policy tenant_floor on ${t}`);
const locks = each((t) => `drop policy tenant_lock on ${t}`);
const trusting = (role: string): string =>
  each((t) => `create policy careless on ${t} to ${role} using (true) with check (true)`);

/** Those that are the same in every model. */
function everywhere(model: Model): Mutant[] {
  const { role } = attackers[model].place;
  const down = model === 'schema' ? `${floors}; ${locks}` : floors;
  const mutant = (
    name: string,
    sql: string,
    noticedBy: Mutant['noticedBy'],
    undo?: string,
  ): Mutant => ({
    name: `${model}: ${name}`,
    model,
    sql,
    noticedBy,
    ...(undo !== undefined && { undo }),
  });
  return [
    mutant('no floor and a policy that is always true', `${down}; ${trusting(role)}`, [
      'declaration',
      'sequences',
      'graphql',
    ]),
    mutant(
      'no floor, and reading asks for any member',
      `${down}; alter policy tenant_read on notes using ${isMember}`,
      ['declaration', 'sequences', 'graphql'],
    ),
    mutant(
      'no floor, and deleting asks for any member',
      `${down}; alter policy tenant_delete on projects using ${isMember}; alter policy tenant_read on projects using ${isMember}`,
      ['declaration', 'sequences'],
    ),
    mutant('a table without row level security', 'alter table notes disable row level security', [
      'declaration',
      'sequences',
      'graphql',
    ]),
    mutant(
      'a table whose owner is not filtered',
      'alter table notes no force row level security',
      ['sequences'],
      'alter table notes force row level security',
    ),
    mutant(
      'a view that a superuser owns',
      'alter view careless_notes owner to postgres',
      ['sequences', 'graphql'],
      'alter view careless_notes owner to strata_owner',
    ),
    mutant(
      'a function that runs as a superuser',
      'alter function careless_count() owner to postgres',
      ['sequences'],
      'alter function careless_count() owner to strata_owner',
    ),
    mutant(
      'a unique index without the tenant',
      `create unique index careless on projects (name) where name not like 'Rocket%'`,
      ['sequences'],
      'drop index careless',
    ),
    mutant(
      'a reference without the tenant',
      'alter table notes drop constraint notes_author, add constraint notes_author foreign key (author_id) references registry.users on delete set null',
      ['sequences'],
      `update notes set author_id = null where author_id not in (select user_id from registry.members m where m.tenant_id = notes.tenant_id);
       alter table notes drop constraint notes_author,
         add constraint notes_author foreign key (tenant_id, author_id) references registry.members on delete set null (author_id)`,
    ),
    mutant('TRUNCATE', `grant truncate on notes to ${role}`, ['declaration']),
    mutant('a hidden column', `grant select (score) on papers to ${role}`, ['declaration']),
  ];
}

const payload =
  "nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'https://hasura.io/jwt/claims'";
const backend = `nullif(jsonb_strip_nulls(jsonb_build_object('x-hasura-tenant-id', nullif(current_setting('app.tenant_id', true), ''),
  'x-hasura-user-id', nullif(current_setting('app.user_id', true), ''), 'x-hasura-role', 'tenant_' || nullif(current_setting('app.role', true), ''))), '{}')`;
const claimsAre = (value: string): string =>
  `create or replace function tenancy.session_claims() returns jsonb language sql stable return ${value}`;
const functions = ['tenancy.session_claims()'];

const ofRoles: readonly Mutant[] = [
  {
    name: 'shared: a login that inherits what it may become',
    model: 'shared',
    sql: inheriting('strata_tenant', 'strata_authenticator', true),
    undo: inheriting('strata_tenant', 'strata_authenticator', false),
    noticedBy: ['declaration'],
  },
  {
    name: 'shared: a login that may become maintenance',
    model: 'shared',
    sql: 'grant strata_maintenance to strata_authenticator, strata_app',
    undo: 'revoke strata_maintenance from strata_authenticator, strata_app',
    noticedBy: ['sequences'],
  },
  {
    name: 'shared: a token that a backend’s setting outdoes',
    model: 'shared',
    sql: claimsAre(`coalesce(${backend}, ${payload})`),
    functions,
    noticedBy: ['sequences'],
  },
  {
    name: 'schema: no lock, so that forged claims are believed',
    model: 'schema',
    sql: locks,
    noticedBy: ['sequences'],
  },
  {
    name: 'schema: a role that is also that of the shared tables',
    model: 'schema',
    sql: `grant strata_tenant to ${attackers.schema.role}`,
    undo: `revoke strata_tenant from ${attackers.schema.role}`,
    noticedBy: ['declaration'],
  },
  {
    name: 'schema: a role that is also that of another tenant',
    model: 'schema',
    sql: `grant ${victims.schema.role} to ${attackers.schema.role}`,
    undo: `revoke ${victims.schema.role} from ${attackers.schema.role}`,
    noticedBy: ['declaration'],
  },
  {
    name: 'schema: a grant in the schema of another tenant',
    model: 'schema',
    sql: `grant usage on schema ${victims.schema.place.schema} to ${attackers.schema.role};
      grant select on ${victims.schema.place.schema}.notes to ${attackers.schema.role};
      create policy careless on ${victims.schema.place.schema}.notes to ${attackers.schema.role} using (true)`,
    undo: `revoke usage on schema ${victims.schema.place.schema} from ${attackers.schema.role};
      revoke select on ${victims.schema.place.schema}.notes from ${attackers.schema.role};
      drop policy careless on ${victims.schema.place.schema}.notes`,
    noticedBy: ['declaration', 'sequences'],
  },
  {
    name: 'database: a login that inherits what it may become',
    model: 'database',
    sql: inheriting('strata_tenant', attackers.database.role, true),
    undo: inheriting('strata_tenant', attackers.database.role, false),
    noticedBy: ['declaration'],
  },
  {
    name: 'database: a login that is believed whatever its claims say',
    model: 'database',
    sql: claimsAre(payload),
    functions,
    noticedBy: ['sequences'],
  },
  {
    name: 'database: a database that everybody may enter',
    model: 'database',
    sql: `grant connect on database ${attackers.database.place.database} to public`,
    undo: `revoke connect on database ${attackers.database.place.database} from public`,
    noticedBy: ['connections'],
  },
];

export const mutants: readonly Mutant[] = [
  ...everywhere('shared'),
  ...everywhere('schema'),
  ...everywhere('database'),
  ...ofRoles,
];

/** What the pooler forgets to take back, by its configuration. */
export const poolerMutants: readonly {
  name: string;
  changes: Record<string, string>;
  login: string;
}[] = [
  {
    name: 'pooler: nothing is reset after a transaction',
    changes: { server_reset_query_always: '0' },
    login: 'strata_authenticator',
  },
  {
    name: 'pooler: there is no query that resets',
    changes: { server_reset_query: '' },
    login: 'strata_app',
  },
  ...[
    ['reset all'],
    ['reset role', 'reset session authorization'],
    ['close all'],
    ['unlisten *'],
    ['select pg_catalog.pg_advisory_unlock_all()'],
  ].map((left) => ({
    name: `pooler: the reset lacks ${left.join(' and ')}`,
    changes: { server_reset_query: resetWithout(left) },
    login: 'strata_authenticator',
  })),
];

function resetWithout(left: readonly string[]): string {
  return sessionReset.filter((part) => !left.includes(part)).join('; ');
}

/** Before Postgres 16 it is the member that inherits, from then on the membership. */
function inheriting(role: string, member: string, does: boolean): string {
  return `do $$ begin
    if current_setting('server_version_num')::int >= 160000 then
      grant ${role} to ${member} with inherit ${String(does)};
    else
      alter role ${member} ${does ? 'inherit' : 'noinherit'};
    end if;
  end $$`;
}
