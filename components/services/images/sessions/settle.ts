import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import { clearedCookies, sessionCookies, tenantCookie } from './cookies';
import { asObject, type Dialect, type Found, type Person } from './dialect';
import type { Claims, Mint, Minted } from './mint';
import type { Entered, Membership, People } from './people';
import type { SessionsConfig } from './config';
import { forwarded, type Upstream } from './upstream';
import { choose, type Wanted } from './wanted';

export interface Settling {
  readonly wanted: Wanted;
  /** A new sign-in, not a refresh. */
  readonly begins: boolean;
  /** Whether the refresh token stays in the body, for programs that have no cookies. */
  readonly inBody: boolean;
}

/** Tokens of ours in the place of the upstream's. */
export interface Settled extends Minted {
  /** The token itself, or the marker. */
  readonly refreshToken: string | undefined;
  readonly tenant: Membership | undefined;
  readonly userId: string;
  readonly person: Person | undefined;
  readonly cookies: readonly string[];
}

interface Parts {
  readonly config: SessionsConfig;
  readonly dialect: Dialect;
  readonly upstream: Upstream;
  readonly mint: Mint;
  readonly people: People;
}

const uuid = z.uuid();

/** Makes the platform's session of the upstream's. */
export class Settler {
  constructor(private readonly parts: Parts) {}

  /** Throws `Refusal`: 401 of a sign-in that was ended, 502 of tokens that are not the upstream's. */
  async settle(found: Found, { wanted, begins, inBody }: Settling): Promise<Settled> {
    const { mint, config, dialect } = this.parts;
    const claims = await mint.verify(found.accessToken);
    const signIn = signInOf(found, claims);
    const person = await this.personOf(found, claims.sub);
    const entered = await this.enter({ subject: claims.sub, signIn, begins, person });
    const { minted, tenant } = await this.tokenFor(claims, entered, { signIn, wanted, begins });
    const { refreshToken } = found;
    const hidden = refreshToken !== undefined && !inBody;
    return {
      ...minted,
      tenant,
      person,
      userId: entered.userId,
      refreshToken: hidden ? dialect.marker : refreshToken,
      cookies: hidden
        ? sessionCookies(refreshToken, tenant?.tenantId, config.refreshTokenDays)
        : [],
    };
  }

  /** Another token of somebody who is signed in, for the tenant that is wanted. Throws `Refusal` (403). */
  async change(claims: Claims, signIn: string | undefined, name: string): Promise<Settled> {
    const { config } = this.parts;
    const before = { subject: claims.sub, signIn, begins: false, person: undefined };
    const entered = await this.enter(before);
    const wanted = { named: [name.toLowerCase()], before: undefined };
    const { minted, tenant } = await this.tokenFor(claims, entered, {
      signIn,
      wanted,
      begins: false,
    });
    if (!tenant) throw new Refusal(403, 'wrong_tenant', 'this is not your tenant');
    return {
      ...minted,
      tenant,
      person: undefined,
      userId: entered.userId,
      refreshToken: undefined,
      cookies: config.cookie ? [tenantCookie(tenant.tenantId, config.refreshTokenDays)] : [],
    };
  }

  private async enter(entering: Parameters<People['enter']>[0]): Promise<Entered> {
    const entered = await this.parts.people.enter(entering);
    if (!entered.admitted) {
      throw new Refusal(401, 'session_ended', 'this session was ended: sign in again', {
        'set-cookie': clearedCookies[0] ?? '',
      });
    }
    const { at, revokedAt } = entered;
    // Tokens name the second that they were made in: one of the second of a revocation would count as revoked.
    if (revokedAt !== undefined && secondOf(at) <= secondOf(revokedAt)) {
      await pause(1000 - (at % 1000));
      return this.enter(entering);
    }
    return entered;
  }

  private async tokenFor(
    claims: Claims,
    { userId, at }: Entered,
    given: Pick<Settling, 'wanted' | 'begins'> & { readonly signIn: string | undefined },
  ): Promise<{ minted: Minted; tenant: Membership | undefined }> {
    const { mint, people } = this.parts;
    const tenant = choose(await people.memberships(userId), given.wanted, given.begins);
    const identity = tenant && { userId, tenantId: tenant.tenantId, role: tenant.role };
    const minted = await mint.mint(claims, {
      identity,
      signIn: given.signIn,
      issuedAt: secondOf(at),
    });
    return { minted, tenant };
  }

  /** What the upstream says of a token's person: in the answer, or asked for. */
  private async personOf(found: Found, subject: string): Promise<Person | undefined> {
    const { dialect, upstream } = this.parts;
    if (found.person) return found.person.id === subject ? found.person : undefined;
    const answer = await upstream.question(dialect.me, forwarded({}, found.accessToken));
    if (answer.status !== 200) return undefined;
    const person = dialect.personOf(asObject(parsed(answer.body)));
    return person?.id === subject ? person : undefined;
  }
}

function signInOf({ signIn }: Found, { session_id: claimed }: Claims): string | undefined {
  return [signIn, claimed].find((one): one is string => uuid.safeParse(one).success);
}

function secondOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
