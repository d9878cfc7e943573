import type { Pool } from 'pg';
import type { SentKey } from './key';
import { Memory } from '../shared/memory';
import { Refusal } from './refusal';

export interface Tenant {
  readonly slug: string;
  readonly active: boolean;
  /** Its rows stand in the tables that tenants of the main cluster share. */
  readonly shared: boolean;
  /** What the registry lets it ask for in one minute, where that is not the usual. */
  readonly requestsPerMinute: number | undefined;
}

interface TenantRow {
  readonly slug: string;
  readonly status: string;
  readonly shared: boolean;
  readonly requests_per_minute: number | null;
}

/** What the database knows of an API key whose secret was right. */
export interface KnownKey {
  readonly id: string;
  readonly tenantId: string;
  /** The member that issued it and as whom it acts. */
  readonly userId: string;
  readonly role: 'admin' | 'member';
  readonly scopes: readonly string[];
  readonly revoked: boolean;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface KeyRow {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly role: 'admin' | 'member';
  readonly scopes: string[];
  readonly state: 'active' | 'revoked' | 'expired';
  readonly expires_at: Date;
}

/** How long an answer counts if no change was heard of. Changes are heard at once while `PostgresListener` has its connection. */
const rememberedMs = 10_000;

/** A tenant is waited for while it is made; a key cannot be tried before it exists. */
const missedMs = 2_000;

const mostRemembered = 10_000;

/** Tenants and API keys, as the database has them and as they are remembered here. */
export class Registry {
  private readonly tenants = new Memory<Tenant>({
    max: mostRemembered,
    ttlMs: rememberedMs,
    missTtlMs: missedMs,
  });
  private readonly keys = new Memory<KnownKey>({
    max: mostRemembered,
    ttlMs: rememberedMs,
    missTtlMs: missedMs,
  });

  /** Keys whose secret was right when the database was last asked; kept much longer than what it said of them. */
  private readonly right = new Set<string>();

  constructor(private readonly pool: Pool) {}

  /** Undefined when there is no such tenant. Throws `Refusal` (503) when nobody can tell. */
  tenant(id: string): Promise<Tenant | undefined> {
    return answered(
      this.tenants.ask(id, async () => {
        const { rows } = await this.pool.query<TenantRow>(
          "select slug, status, model = 'shared' and shard = 'main' as shared, requests_per_minute from tenancy.place($1)",
          [id],
        );
        const [row] = rows;
        return (
          row && {
            slug: row.slug,
            active: row.status === 'active',
            shared: row.shared,
            requestsPerMinute: row.requests_per_minute ?? undefined,
          }
        );
      }),
    );
  }

  /** Undefined when there is no such key or the secret is another. Throws `Refusal` (503) when nobody can tell. */
  key(sent: SentKey): Promise<KnownKey | undefined> {
    return answered(
      this.keys.ask(nameOf(sent), async () => {
        const { rows } = await this.pool.query<KeyRow>(
          'select tenant_id, user_id, role, scopes, state, expires_at from tenancy.verify_api_key($1, $2)',
          [sent.id, sent.hash],
        );
        const [row] = rows;
        this.note(nameOf(sent), row !== undefined);
        return (
          row && {
            id: sent.id,
            tenantId: row.tenant_id,
            userId: row.user_id,
            role: row.role,
            scopes: row.scopes,
            revoked: row.state === 'revoked',
            expiresAt: row.expires_at.getTime(),
          }
        );
      }),
    );
  }

  /** Whether a key, with this secret, was right when the database was last asked about it. Asks nobody. */
  wasRight(sent: SentKey): boolean {
    return this.right.has(nameOf(sent));
  }

  /** Forgets a tenant with its keys, or everything. */
  forget(tenantId?: string): void {
    if (tenantId === undefined) {
      this.tenants.forget();
      this.keys.forget();
    } else {
      this.tenants.forget((id) => id === tenantId);
      this.keys.forget((_name, key) => key.tenantId === tenantId);
    }
  }

  private note(name: string, right: boolean): void {
    this.right.delete(name);
    if (!right) return;
    this.right.add(name);
    const [oldest] = this.right;
    if (this.right.size > mostRemembered && oldest !== undefined) this.right.delete(oldest);
  }
}

/** The id alone would let the memory of one secret answer for another. */
function nameOf({ id, hash }: SentKey): string {
  return `${id} ${hash.toString('hex')}`;
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch {
    throw new Refusal(
      503,
      'registry_unavailable',
      'tenants and keys cannot be looked up now: try again later',
    );
  }
}
