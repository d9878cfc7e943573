import {
  isAnonKey,
  sessionOf,
  signToken,
  TokenError,
  verifyToken,
  type Session,
  type TokenRules,
} from '../shared/token';
import { issuedAt, revocableNames } from '../shared/revocable';
import { parseKey } from './key';
import type { RateLimits } from './limits';
import { Refusal } from './refusal';
import type { KnownKey, Registry } from './registry';
import type { Revocations } from './revocations';

/** What a request shows of who sends it. Empty text is nothing. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  /** What its failures are counted by. */
  readonly address: string;
}

/** Who sends a request. */
export interface Caller {
  readonly session: Session;
  /** A token for the services behind: the caller's own, or one made for its API key. */
  readonly authorization: string;
  /** UUID of the API key, if it is one. */
  readonly keyId: string | undefined;
  /** When the access token or the API key ends, in milliseconds since 1970. */
  readonly endsAt: number;
}

interface Parts {
  readonly rules: TokenRules;
  readonly registry: Registry;
  readonly revocations: Revocations;
  readonly limits: RateLimits;
}

/** How long a token counts that is made for an API key. */
const keyTokenMs = 60_000;

/** The same where it is shown once and used for as long as a socket lives: as long as people's tokens. */
const socketTokenMs = 15 * 60_000;

/** Tells who sends a request, by its token or its API key. */
export class Authenticator {
  /** A token for each key as it is remembered; the memory is shorter than the token. */
  private readonly tokens = new WeakMap<KnownKey, Promise<string>>();

  constructor(private readonly parts: Parts) {}

  /** Throws `Refusal`: 401, 429 from an address that sent too many that were none, 503 when nobody can tell. */
  async caller({ authorization, apiKey, address }: Credentials): Promise<Caller> {
    if (authorization && apiKey) {
      throw unauthenticated(
        'credentials_ambiguous',
        'send an access token or an API key, not both: they may be of different people',
      );
    }
    if (apiKey) return this.byKey(apiKey, address);
    if (authorization) return this.byToken(authorization, address);
    throw unauthenticated(
      'credentials_missing',
      'an access token or an API key is required: send "Authorization: Bearer <token>"',
    );
  }

  /** The caller for as long as a socket may live: an API key gets a token of its own, which ends with the socket. */
  async forSocket(caller: Caller): Promise<Caller> {
    if (caller.keyId === undefined) return caller;
    // A token ends at a whole second.
    const endsAt = Math.floor(Math.min(Date.now() + socketTokenMs, caller.endsAt) / 1000) * 1000;
    const token = await signToken(caller.session, endsAt, this.parts.rules);
    return { ...caller, authorization: `Bearer ${token}`, endsAt };
  }

  /** Throws `Refusal` when the text is not the platform's anon key: 401, or 429 from an address that guesses. */
  async anonKey(text: string, address: string): Promise<void> {
    const { limits, rules } = this.parts;
    if (await isAnonKey(text, rules)) return;
    await limits.failed('key', address);
    throw unauthenticated('key_invalid', 'this is not the anon key of this platform');
  }

  private async byToken(authorization: string, address: string): Promise<Caller> {
    try {
      const payload = await verifyToken(authorization, this.parts.rules);
      if (await this.parts.revocations.hold(revocableNames(payload), issuedAt(payload))) {
        throw unauthenticated('token_revoked', 'this access token was revoked: sign in again');
      }
      const token = authorization.slice(authorization.indexOf(' ') + 1);
      return {
        session: sessionOf(payload),
        authorization: `Bearer ${token}`,
        keyId: undefined,
        // A token without an end is none.
        endsAt: (payload.exp ?? 0) * 1000,
      };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      const reason = error.code === 'token_missing' ? 'token_invalid' : error.code;
      // A token that was good once is no guess.
      if (reason !== 'token_expired') await this.parts.limits.failed('token', address);
      throw unauthenticated(reason, error.message);
    }
  }

  private async byKey(text: string, address: string): Promise<Caller> {
    const { registry, limits } = this.parts;
    const sent = parseKey(text);
    // A key that was right once is no guess: a stranger at the same address does not lock its owner out.
    if (sent && !registry.wasRight(sent)) await limits.mayTry('key', address);
    const key = sent && (await registry.key(sent));
    if (!key) {
      await limits.failed('key', address);
      throw unauthenticated('key_invalid', 'there is no such API key');
    }
    if (key.revoked) throw unauthenticated('key_revoked', 'this API key was revoked');
    if (key.expiresAt <= Date.now()) {
      throw unauthenticated('key_expired', 'this API key has expired: issue another one');
    }
    const session = sessionOfKey(key);
    const authorization = await this.tokenFor(key, session);
    return { session, authorization, keyId: key.id, endsAt: key.expiresAt };
  }

  private async tokenFor(key: KnownKey, session: Session): Promise<string> {
    const endsAt = Math.min(Date.now() + keyTokenMs, key.expiresAt);
    const made = this.tokens.get(key) ?? signToken(session, endsAt, this.parts.rules);
    this.tokens.set(key, made);
    return `Bearer ${await made}`;
  }
}

function sessionOfKey({ tenantId, userId, role, scopes }: KnownKey): Session {
  return { tenantId, userId, role: `tenant_${role}`, scopes };
}

function unauthenticated(reason: Refusal['reason'], message: string): Refusal {
  return new Refusal(401, reason, message, { 'www-authenticate': 'Bearer' });
}
