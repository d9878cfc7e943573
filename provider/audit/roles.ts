import type { Catalogue, Membership, Role, Setting } from './catalogue';
import { type Finding, findingsOf, sql } from './finding';
import { isTable, isTenantRole, isTenantSchema, logins, platformSchemas } from './names';

const finding = findingsOf(7);

/** Memberships of the platform: member, role, and whether it has the role's rights without becoming it. */
const memberships: readonly (readonly [member: string, role: string, inherits: boolean])[] = [
  ['strata_migrator', 'strata_owner', false],
  ['strata_migrator', 'strata_maintenance', false],
  ['strata_authenticator', 'strata_tenant', false],
  ['strata_authenticator', 'strata_anon', false],
  ['strata_app', 'strata_tenant', true],
  ['strata_authenticator', 'strata_places', false],
  ['strata_app', 'strata_places', true],
  ['strata_monitor', 'pg_monitor', true],
  // In its own database, the only one that it may connect to.
  ['vendor_supabase_storage', 'strata_tenant', false],
  ['vendor_supabase_storage', 'strata_anon', false],
];

/** Who becomes the role of a tenant's schema for a request. */
const becomers = new Set(['strata_authenticator', 'strata_app', 'strata_places']);

/** 7: no role that requests or services come with has more than it is granted, owns anything, or leads to the owner. */
export function roles(catalogue: Catalogue): Finding[] {
  const ours = catalogue.roles.filter(({ name }) => name.startsWith('strata_'));
  const admins = new Set(
    catalogue.roles.filter((role) => role.superuser || role.createRole).map(({ name }) => name),
  );
  return [
    ...ours.flatMap(attributes),
    ...catalogue.memberships.flatMap((membership) => wrongMembership(membership, admins)),
    ...tenantLogins(ours, catalogue),
    ...catalogue.settings.flatMap((setting) => wrongSetting(setting, catalogue.database)),
    ...catalogue.ownerships.map(({ role, object }) => owns(role, object)),
    ...foreignOwners(catalogue),
  ];
}

function attributes(role: Role): Finding[] {
  const { name } = role;
  const excess = [
    role.superuser && ['superuser', 'it passes every check there is'],
    role.bypassRls && ['bypassrls', 'it passes every policy'],
    role.createRole && ['createrole', 'it can make itself a member of other roles'],
    role.createDb &&
      name !== 'strata_migrator' && ['createdb', 'it can make databases, and owns them'],
    role.replication && ['replication', 'it can read every row of the cluster from the log'],
    role.login &&
      !logins.has(name) &&
      !isTenantRole(name) && ['login', 'it is to be become, not to log in as'],
  ];
  return excess
    .filter((one) => one !== false)
    .map(([attribute = '', why = '']) =>
      finding(
        'role-attribute',
        `role ${name}`,
        `it is ${attribute.toUpperCase()}: ${why}`,
        sql(`alter role ${name} no${attribute}`),
      ),
    );
}

/** A role that belongs to a schema of a tenant is become; one that logs in belongs to a database. */
function tenantLogins(ours: readonly Role[], { memberships: all }: Catalogue): Finding[] {
  return ours
    .filter(({ name, login }) => login && isTenantRole(name))
    .filter(({ name }) =>
      all.some(({ member, role }) => member === name && role === 'strata_isolated'),
    )
    .map(({ name }) =>
      finding(
        'tenant-role-login',
        `role ${name}`,
        'it belongs to a schema of a tenant and can log in, past the services that say whom it acts for',
        sql(`alter role ${name} nologin`),
      ),
    );
}

function wrongMembership(membership: Membership, admins: ReadonlySet<string>): Finding[] {
  const { member, role, inherits, admin } = membership;
  const ours = member.startsWith('strata_');
  if (!ours && (admins.has(member) || !role.startsWith('strata_'))) return [];
  const object = `role ${member}`;
  const allowed = inheritance(membership);
  if (allowed === undefined) {
    return [
      finding(
        'membership',
        object,
        `it is a member of ${role} and so can have whatever that role has`,
        sql(`revoke ${role} from ${member}`),
      ),
    ];
  }
  const findings: Finding[] = [];
  if (admin) {
    findings.push(
      finding(
        'membership-admin',
        object,
        `it may make others members of ${role}`,
        sql(`revoke admin option for ${role} from ${member}`),
      ),
    );
  }
  if (inherits && !allowed) {
    findings.push(
      finding(
        'membership-inherits',
        object,
        `it has the rights of ${role} without becoming it, so a request that becomes nobody is not refused`,
        withoutInheriting(member, role),
      ),
    );
  }
  return findings;
}

/**
 * Up to Postgres 15 a role inherits from all roles that it is a member of or from none, and strata_app must from
 * strata_tenant; later each membership says it for itself.
 */
function withoutInheriting(member: string, role: string): Finding['remedy'] {
  const ofRole =
    member === 'strata_app'
      ? `execute 'revoke ${role} from ${member}'`
      : `execute 'alter role ${member} noinherit'`;
  return sql(
    `do $$ begin if current_setting('server_version_num')::int < 160000 then ${ofRole}; ` +
      `else execute 'grant ${role} to ${member} with inherit false'; end if; end $$`,
  );
}

/** Whether a membership may inherit; undefined when there may be no such membership. */
function inheritance({ member, role }: Membership): boolean | undefined {
  if (isTenantRole(role)) return becomers.has(member) ? false : undefined;
  if (isTenantRole(member)) {
    if (role === 'strata_isolated') return true;
    return role === 'strata_tenant' ? false : undefined;
  }
  return memberships.find(([one, other]) => one === member && other === role)?.[2];
}

/** Settings that would follow a role into each session: whom it acts for, which names it means, what it may skip. */
const dangerous =
  /^(?:role|session_authorization|row_security|session_replication_role|search_path|(?:local|session)_preload_libraries|app\..*|request\..*|hasura\..*|strata\..*|audit\..*)$/;

function wrongSetting({ role, database, name }: Setting, here: string): Finding[] {
  if (!dangerous.test(name) || (role !== null && !role.startsWith('strata_'))) return [];
  const object = role === null ? `database ${here}` : `role ${role}`;
  const target =
    role === null
      ? object
      : `${object}${database === null ? '' : ` in database ${quoted(database)}`}`;
  return [
    finding(
      'setting',
      object,
      `each of its sessions begins with ${name} set: it may act for a tenant, or pass a policy, without having been told to`,
      sql(
        `alter ${role === null ? `database ${quoted(here)}` : target} reset ${name.split('.').map(quoted).join('.')}`,
      ),
    ),
  ];
}

function owns(role: string, object: string): Finding {
  return finding(
    'ownership',
    `role ${role}`,
    `it owns ${object}: an owner may alter it, drop its policies and grant it to others`,
    sql(`reassign owned by ${role} to strata_owner`),
  );
}

/** What somebody else owns in the schemas of the platform and of tenants; the ledger is the admin's. */
function foreignOwners({ relations, schemas, roles: all }: Catalogue): Finding[] {
  const runtime = new Set(all.map(({ name }) => name).filter((name) => name.startsWith('strata_')));
  const foreign = (owner: string): boolean => owner !== 'strata_owner' && !runtime.has(owner);
  const kept = (schema: string): boolean =>
    isTenantSchema(schema) || (platformSchemas.has(schema) && schema !== 'strata');
  return [
    ...relations
      .filter((one) => kept(one.schema) && foreign(one.owner) && isTable(one) && !one.ofExtension)
      .map(({ ref, owner }) => ({ object: ref, kind: 'table', owner })),
    ...schemas
      .filter((one) => kept(one.name) && foreign(one.owner))
      .map(({ name, owner }) => ({ object: name, kind: 'schema', owner })),
  ].map(({ object, kind, owner }) =>
    finding(
      'foreign-owner',
      object,
      `the ${kind} belongs to ${owner}, whom FORCE does not bind if it is a superuser, and whom no migration runs as`,
      sql(`alter ${kind} ${object} owner to strata_owner`),
    ),
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
