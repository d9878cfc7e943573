/** What the checks look at: the catalogue of one database, read once, in plain values. Names are as SQL writes them. */
export interface Catalogue {
  readonly database: string;
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly relations: readonly Relation[];
  readonly routines: readonly Routine[];
  /** Names of functions of Postgres itself whose answer differs from row to row. */
  readonly volatile: readonly string[];
  readonly schemas: readonly Owned[];
  /** All of the cluster. */
  readonly databases: readonly Owned[];
  readonly roles: readonly Role[];
  readonly memberships: readonly Membership[];
  readonly settings: readonly Setting[];
  /** What roles of the platform own, besides what the fields above tell. */
  readonly ownerships: readonly { readonly role: string; readonly object: string }[];
  readonly defaults: readonly DefaultGrant[];
  /** Grants on what belongs to Postgres itself, beyond those that initdb makes. */
  readonly systemGrants: readonly SystemGrant[];
  readonly servers: readonly Owned[];
  readonly userMappings: readonly { readonly server: string; readonly role: string }[];
  readonly publications: readonly Publication[];
  readonly slots: readonly string[];
  readonly subscriptions: readonly string[];
}

export interface Grant {
  /** Name of the role, or `public`. */
  readonly role: string;
  /** In capitals, as Postgres has it: `SELECT`. */
  readonly privilege: string;
  readonly grantable: boolean;
  /** Null for the whole object. */
  readonly column: string | null;
}

export interface Owned {
  readonly name: string;
  readonly owner: string;
  /** To others than the owner. */
  readonly grants: readonly Grant[];
}

export interface Relation extends Owned {
  readonly schema: string;
  /** `app.notes`, quoted where it must be. */
  readonly ref: string;
  /** Table, partitioned table, view, materialised view, foreign table, sequence. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'S';
  readonly enabled: boolean;
  readonly forced: boolean;
  readonly options: readonly string[];
  readonly ofExtension: boolean;
  /** Whether tenancy.ts says that its rows are no tenant's. */
  readonly shared: boolean;
  /** Whether it is a partition; false for inheritance of the old kind. */
  readonly partition: boolean;
  readonly parents: readonly string[];
  /** Replica identity: d(efault), n(othing), f(ull), i(ndex). */
  readonly identity: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
  readonly references: readonly Reference[];
  readonly policies: readonly Policy[];
  readonly triggers: readonly Trigger[];
  readonly rules: readonly string[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly identity: boolean;
}

export interface Index {
  readonly ref: string;
  readonly name: string;
  /** Of the key; an expression stands as it is written. */
  readonly columns: readonly string[];
  /** Operators of an exclusion, in the order of the columns. */
  readonly operators: readonly string[];
  readonly unique: boolean;
  readonly primary: boolean;
  /** Usable by every query: valid and without a condition. */
  readonly whole: boolean;
  /** Name of the constraint that it serves. */
  readonly constraint: string | null;
}

export interface Reference {
  readonly name: string;
  readonly target: string;
  readonly targetSchema: string;
  readonly columns: readonly string[];
  readonly targetColumns: readonly string[];
  /** Whether the table that it refers to has a tenant_id. */
  readonly tenants: boolean;
  readonly validated: boolean;
  /** `on delete …`, or nothing. */
  readonly action: string;
}

export interface Policy {
  readonly name: string;
  readonly permissive: boolean;
  /** r(ead), a(dd), w(rite), d(elete), * for all. */
  readonly command: 'r' | 'a' | 'w' | 'd' | '*';
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
  /** Functions that it calls, directly: `tenancy.current_tenant_id()`. */
  readonly calls: readonly string[];
}

interface Trigger {
  readonly name: string;
  readonly enabled: boolean;
  readonly definition: string;
}

export interface Routine extends Owned {
  readonly schema: string;
  /** With its arguments: `tenancy.find_tenant(uuid)`. */
  readonly ref: string;
  readonly isTrigger: boolean;
  readonly definer: boolean;
  readonly leakproof: boolean;
  readonly volatile: boolean;
  readonly language: string;
  /** Whether its body was parsed when it was made, so that no search_path changes what it means. */
  readonly parsed: boolean;
  readonly body: string;
  readonly settings: readonly string[];
  readonly ofExtension: boolean;
  readonly calls: readonly string[];
}

export interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly replication: boolean;
  readonly login: boolean;
}

export interface Membership {
  readonly member: string;
  readonly role: string;
  readonly inherits: boolean;
  readonly admin: boolean;
}

export interface Setting {
  /** Null: of the whole database. */
  readonly role: string | null;
  /** Null: in every database. */
  readonly database: string | null;
  readonly name: string;
}

export interface DefaultGrant {
  readonly owner: string;
  readonly schema: string | null;
  readonly kind: 'functions' | 'tables' | 'sequences' | 'types' | 'schemas' | 'large objects';
  /** Null: the entry exists and grants nobody anything. */
  readonly role: string | null;
}

interface SystemGrant {
  readonly role: string;
  readonly privilege: string;
  /** `table pg_catalog.pg_authid`, `parameter log_statement`: as GRANT names it. */
  readonly object: string;
}

interface Publication {
  readonly name: string;
  readonly everything: boolean;
  readonly tables: readonly string[];
}
