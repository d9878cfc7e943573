import type { Database } from './database';

/** Of the lists that the functions of sql/019_admin.sql return. */
export const pageSize = 50;

export interface ListedTenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly model: string;
  readonly shard: string;
  readonly status: string;
  readonly created_at: string;
  readonly members: number;
  readonly storage_used: number;
  /** Null where no storage service has ever run. */
  readonly storage_limit: number | null;
  /** Null: the platform's. */
  readonly requests_per_minute: number | null;
  readonly total: number;
}

export interface ListedUser {
  readonly id: string;
  readonly handle: string;
  readonly created_at: string;
  readonly tenants: number;
  readonly memberships: readonly { readonly slug: string; readonly role: string }[];
  readonly total: number;
}

export interface ListedMember {
  readonly user_id: string;
  readonly handle: string;
  readonly role: string;
  readonly created_at: string;
  readonly total: number;
}

export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
  readonly use_count: number;
  readonly total: number;
}

export interface Entry {
  readonly id: string;
  readonly at: string;
  readonly login: string;
  readonly tenant_id: string | null;
  readonly slug: string | null;
  readonly handle: string | null;
  readonly member_role: string | null;
  readonly relation: string;
  readonly operation: string;
  readonly changed_rows: number;
}

/** An entry of the audit log, after which older ones are asked for. */
export type EntryKey = Pick<Entry, 'at' | 'id'>;

/** Tenants, users, keys and the audit log, by functions that are for this page alone. Pages count from 1. */
export class Registry {
  constructor(private readonly database: Database) {}

  tenants(search: string, page: number): Promise<ListedTenant[]> {
    return this.database.rows('select * from registry.list_tenants($1, $2)', [search, page - 1]);
  }

  /** Undefined when there is none. */
  async tenant(slug: string): Promise<ListedTenant | undefined> {
    // Who has the slug itself comes first.
    const [found] = await this.tenants(slug, 1);
    return found?.slug === slug ? found : undefined;
  }

  users(search: string, page: number): Promise<ListedUser[]> {
    return this.database.rows('select * from registry.list_users($1, $2)', [search, page - 1]);
  }

  members(tenantId: string, page: number): Promise<ListedMember[]> {
    return this.database.rows('select * from registry.list_members($1, $2)', [tenantId, page - 1]);
  }

  keys(tenantId: string, page: number): Promise<ListedKey[]> {
    return this.database.rows('select * from registry.list_api_keys($1, $2)', [tenantId, page - 1]);
  }

  /** The newest, or those before an entry; of one tenant, or of all. */
  entries(tenantId?: string, before?: EntryKey): Promise<Entry[]> {
    return this.database.rows('select * from audit.list_entries($1, $2, $3)', [
      tenantId ?? null,
      before?.at ?? null,
      before?.id ?? null,
    ]);
  }
}
