import { randomBytes, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { hashOf, keyText } from '../components/services/images/guard/key';
import { asMaintenance } from '../provider/database/connect';
import { UserError } from './errors';
import { nearest } from './nearest';
import type { Membership } from './members';

/** An API key as the registry has it; what proves it is kept nowhere. */
export interface ApiKey {
  /** UUID. */
  readonly id: string;
  readonly name: string;
  /** Handle of the member that it acts as. */
  readonly user: string;
  readonly role: 'admin' | 'member';
  readonly scopes: readonly string[];
  readonly state: 'active' | 'revoked' | 'expired';
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly useCount: number;
}

/** What a new key is to be. */
export interface WantedKey {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly days: number;
}

/**
 * Issues a key that acts as `member`; its text is made here and is shown this once. `url` connects as the migrator.
 * Throws what Postgres refuses.
 */
export async function issueKey(
  url: string,
  { tenantId, userId, role }: Membership,
  { name, scopes, days }: WantedKey,
): Promise<{ readonly id: string; readonly text: string; readonly expiresAt: Date }> {
  const id = randomUUID();
  const secret = randomBytes(32);
  const expiresAt = await asMaintenance(url, async (client) => {
    const { rows } = await client.query<{ at: Date }>(
      `insert into registry.api_keys (tenant_id, id, secret_hash, name, role, scopes, created_by, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(days => $8)) returning expires_at as at`,
      [tenantId, id, hashOf(secret), name, role, scopes, userId, days],
    );
    const [row] = rows;
    if (!row) throw new Error('the key was not inserted');
    return row.at;
  });
  return { id, text: keyText(id, secret), expiresAt };
}

/** Keys of a tenant, the oldest first. Throws `UserError` when there is no such tenant. */
export function listKeys(url: string, tenant: string): Promise<ApiKey[]> {
  return asMaintenance(url, async (client) => {
    const tenantId = await idOf(client, tenant);
    const { rows } = await client.query<ApiKey>(
      `select k.id, k.name, u.handle as user, k.role, k.scopes,
         case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end as state,
         k.created_at as "createdAt", k.expires_at as "expiresAt", n.last_used_at as "lastUsedAt",
         coalesce(n.use_count, 0)::float8 as "useCount"
       from registry.api_keys k
       join registry.users u on u.id = k.created_by
       left join registry.api_key_usage n on n.tenant_id = k.tenant_id and n.key_id = k.id
       where k.tenant_id = $1 order by k.created_at, k.id`,
      [tenantId],
    );
    return rows;
  });
}

/** Ends a key of a tenant; false when it had been revoked before. Throws `UserError` when the tenant has no such key. */
export function revokeKey(url: string, tenant: string, id: string): Promise<boolean> {
  return asMaintenance(url, async (client) => {
    const tenantId = await idOf(client, tenant);
    const { rows } = await client.query<{ id: string; revoked: boolean }>(
      'select id, revoked_at is not null as revoked from registry.api_keys where tenant_id = $1',
      [tenantId],
    );
    const key = rows.find((row) => row.id === id);
    if (!key) {
      throw new UserError(
        `${tenant} has no API key "${id}".\nIts keys: ${rows.map((row) => row.id).join(', ') || 'none'}`,
      );
    }
    if (key.revoked) return false;
    await client.query(
      'update registry.api_keys set revoked_at = now() where tenant_id = $1 and id = $2',
      [tenantId, id],
    );
    return true;
  });
}

async function idOf(client: Client, tenant: string): Promise<string> {
  const { rows } = await client.query<{ id: string; slug: string }>(
    'select id, slug from registry.tenants order by slug',
  );
  const found = rows.find(({ slug }) => slug === tenant);
  if (found) return found.id;
  const slugs = rows.map(({ slug }) => slug);
  const guess = nearest(tenant, slugs);
  throw new UserError(
    `Unknown tenant "${tenant}".${guess ? ` Did you mean "${guess}"?` : ''}\nTenants: ${slugs.join(', ') || 'none'}`,
  );
}
