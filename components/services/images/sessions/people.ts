import type { Pool, QueryResultRow } from 'pg';
import { Refusal } from '../shared/refusal';
import type { Role } from '../shared/claims';
import type { SessionsConfig } from './config';
import type { Person } from './dialect';

export interface Membership {
  readonly tenantId: string;
  readonly slug: string;
  readonly name: string;
  readonly role: Role;
  readonly active: boolean;
}

export interface Entered {
  readonly userId: string;
  /** False of a sign-in that was ended. */
  readonly admitted: boolean;
  /** Milliseconds since 1970. */
  readonly revokedAt: number | undefined;
  readonly at: number;
}

interface Entering {
  readonly subject: string;
  readonly signIn: string | undefined;
  /** Whether this is a new sign-in and not a refresh of one. */
  readonly begins: boolean;
  readonly person: Person | undefined;
}

type Options = Pick<SessionsConfig, 'refreshTokenDays' | 'addressesAreProven'> & {
  readonly kind: SessionsConfig['upstream']['kind'];
  readonly trouble: (message: string) => void;
};

/** Who people are on the platform: what the database tells `strata_sessions`. Each throws `Refusal` (503). */
export class People {
  constructor(
    private readonly pool: Pool,
    private readonly options: Options,
  ) {}

  async enter({ subject, signIn, begins, person }: Entering): Promise<Entered> {
    const { kind, refreshTokenDays, addressesAreProven } = this.options;
    const [row] = await this.ask<{
      user_id: string;
      admitted: boolean;
      revoked_at: Date | null;
      at: Date;
    }>('select user_id, admitted, revoked_at, at from tenancy.enter($1, $2, $3, $4, $5, $6, $7)', [
      kind,
      subject,
      signIn,
      begins,
      person?.email ?? '',
      addressesAreProven && person?.verified === true,
      // A refresh token's life slides from its last use; a day more, so that it ends first.
      refreshTokenDays + 1,
    ]);
    if (!row) throw new Error('nobody entered');
    return {
      userId: row.user_id,
      admitted: row.admitted,
      revokedAt: row.revoked_at?.getTime(),
      at: row.at.getTime(),
    };
  }

  memberships(userId: string): Promise<Membership[]> {
    return this.ask<Membership>(
      'select tenant_id as "tenantId", slug, name, role, active from tenancy.memberships($1)',
      [userId],
    );
  }

  /** The user that a person is; undefined for a stranger. */
  async whoIs(subject: string): Promise<string | undefined> {
    const [row] = await this.ask<{ id: string | null }>('select tenancy.who_is($1, $2) as id', [
      this.options.kind,
      subject,
    ]);
    return row?.id ?? undefined;
  }

  async revokeSignIn(subject: string, signIn: string | undefined, token?: string): Promise<void> {
    await this.ask('select tenancy.revoke_sign_in($1, $2, $3, $4)', [
      this.options.kind,
      subject,
      signIn,
      token,
    ]);
  }

  async revokeUser(userId: string): Promise<void> {
    await this.ask('select tenancy.revoke_user($1)', [userId]);
  }

  /** Whether a token of these names counts no more. */
  async isRevoked(names: readonly string[], issuedAt: number): Promise<boolean> {
    const [row] = await this.ask<{ revoked: boolean }>(
      'select tenancy.is_revoked($1, to_timestamp($2)) as revoked',
      [names, issuedAt],
    );
    return row?.revoked !== false;
  }

  async ping(): Promise<void> {
    await this.ask('select 1', []);
  }

  private async ask<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      this.options.trouble((error as Error).message);
      throw new Refusal(
        503,
        'registry_unavailable',
        'who you are here cannot be looked up now: try again later',
      );
    }
  }
}
