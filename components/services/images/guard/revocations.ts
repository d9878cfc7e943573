import type { Pool } from 'pg';
import { Refusal } from './refusal';

/** What the database says on the channel when something was revoked; it says not what, so whoever may say it ends nothing. */
export const revocationsChanged = 'revocations';

/** A connection that is dead without a word is not heard ending: so long at most something is not heard of. */
const believedMs = 10_000;

/** When what has a name was revoked, in seconds since 1970. */
type Living = ReadonlyMap<string, number>;

interface Known {
  readonly living: Promise<Living>;
  readonly until: number;
}

/**
 * Which tokens count no more before they end. The few that could still be shown are kept in memory as long as the guard
 * hears of new ones; otherwise the database is asked about each token, and who cannot be asked about is refused.
 */
export class Revocations {
  private listening = false;
  private known: Known | undefined;

  constructor(private readonly pool: Pool) {}

  /** From now on changes are heard. */
  heard(): void {
    this.listening = true;
    this.known = undefined;
  }

  /** From now on they are not. */
  lost(): void {
    this.listening = false;
    this.known = undefined;
  }

  /** What is known, and what is being asked, may be from before. */
  changed(): void {
    this.known = undefined;
  }

  /** Whether a token with these names, issued then, was revoked. Throws `Refusal` (503) when nobody can tell. */
  async hold(names: readonly string[], issuedAt: number): Promise<boolean> {
    try {
      if (!this.listening) return await this.ask(names, issuedAt);
      const living = await this.living();
      return names.some((name) => (living.get(name) ?? -Infinity) >= issuedAt);
    } catch {
      throw new Refusal(
        503,
        'registry_unavailable',
        'whether this token still counts cannot be looked up now: try again later',
      );
    }
  }

  private living(): Promise<Living> {
    if (!this.known || performance.now() >= this.known.until) {
      const known = { living: this.load(), until: performance.now() + believedMs };
      this.known = known;
      // The next one asks again.
      known.living.catch(() => {
        if (this.known === known) this.known = undefined;
      });
    }
    return this.known.living;
  }

  private async load(): Promise<Living> {
    const { rows } = await this.pool.query<{ name: string; at: number }>(
      'select name, extract(epoch from at)::float8 as at from tenancy.revocations()',
    );
    return new Map(rows.map(({ name, at }) => [name, at]));
  }

  private async ask(names: readonly string[], issuedAt: number): Promise<boolean> {
    const { rows } = await this.pool.query<{ revoked: boolean }>(
      'select tenancy.is_revoked($1, to_timestamp($2)) as revoked',
      [names, issuedAt],
    );
    return rows[0]?.revoked !== false;
  }
}
