import type { Pool } from 'pg';
import { errors } from 'oidc-provider';
import { revocableName } from '../shared/revocable';

/** What a member may be in a tenant. */
export type Role = 'admin' | 'member';

/** Access tokens that count no longer, although their signature does. */
export interface Revocations {
  /** May be told again; `until` is when the token would have ended. */
  revoke(jti: string, until: Date): Promise<void>;
}

/** What the registry knows; `OauthDatabase` asks it. */
export interface Directory {
  /** The id of an active tenant. */
  tenant(slug: string): Promise<string | undefined>;
  /** What somebody is in a tenant that is active; undefined for who is no member. */
  role(userId: string, tenantId: string): Promise<Role | undefined>;
}

/** The registry and the list of revoked tokens, by functions: this login reads no table. */
export class OauthDatabase implements Directory, Revocations {
  constructor(private readonly pool: Pool) {}

  async tenant(slug: string): Promise<string | undefined> {
    const [row] = await this.ask<{ id: string }>('select id from tenancy.oauth_tenant($1)', [slug]);
    return row?.id;
  }

  async role(userId: string, tenantId: string): Promise<Role | undefined> {
    const [row] = await this.ask<{ role: Role }>('select role from tenancy.oauth_role($1, $2)', [
      userId,
      tenantId,
    ]);
    return row?.role;
  }

  async revoke(jti: string, until: Date): Promise<void> {
    await this.ask('select tenancy.revoke_token($1, $2)', [revocableName(jti), until]);
  }

  private async ask<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(sql, values)).rows;
    } catch (error) {
      // Not shown: it names tables and hosts. The cause is logged.
      throw Object.assign(
        new errors.TemporarilyUnavailable('the registry does not answer: try again later'),
        { cause: error, status: 503, statusCode: 503 },
      );
    }
  }
}
