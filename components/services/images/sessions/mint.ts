import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { z } from 'zod';
import { claimsName, databaseRole } from '../../tokens';
import { claimsFor, type Identity } from '../shared/claims';
import { Refusal } from '../shared/refusal';
import { longestToken, type TokenRules } from '../shared/token';
import { asObject } from './dialect';

/** Claims of a verified token of the upstream, or of one of ours that is made anew. */
export interface Claims extends JWTPayload {
  readonly sub: string;
  readonly exp: number;
}

interface Minting {
  /** Whose request the token makes; undefined of somebody who is signed in and is nowhere. */
  readonly identity: Identity | undefined;
  readonly signIn: string | undefined;
  /** Seconds since 1970, by the database's clock. */
  readonly issuedAt: number;
}

export interface Minted {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

const uuid = z.uuid();

/** What only we say; of the upstream it is dropped. `nbf` would be of another clock. */
const ours = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'role', claimsName]);

const nobody = { userId: '', tenantId: '', role: 'member' } as const;
const oursInside = new Set([...Object.keys(claimsFor(nobody)[claimsName]), 'x-hasura-scopes']);

/** What a person may write into a token: as long as he likes. */
const writable = ['user_metadata', 'app_metadata'];

/** Makes the platform's tokens of the upstream's. */
export class Mint {
  constructor(
    private readonly rules: TokenRules,
    private readonly seconds: number,
  ) {}

  /** The claims of an upstream's token. Throws `Refusal` (502) when it did not issue it with the platform's key. */
  async verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, this.rules.key, {
        algorithms: ['HS256'],
        issuer: this.rules.issuer,
        requiredClaims: ['sub', 'exp'],
      });
      const { sub, exp } = payload;
      if (exp === undefined || !uuid.safeParse(sub).success) throw new errors.JWTInvalid('no sub');
      return { ...payload, sub: String(sub).toLowerCase(), exp };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      throw new Refusal(502, 'upstream_token_invalid', 'the auth service sent no valid token');
    }
  }

  /** A token with the upstream's claims that ends no later than they do. */
  async mint(claims: Claims, minting: Minting): Promise<Minted> {
    const { identity, signIn, issuedAt } = minting;
    const expiresAt = Math.min(Math.floor(Date.now() / 1000) + this.seconds, claims.exp);
    const inside = {
      ...kept(claims[claimsName]),
      ...(identity && claimsFor(identity)[claimsName]),
    };
    const payload = {
      ...without(claims, ours),
      ...(signIn !== undefined && { session_id: signIn }),
      // The role of Postgres that PostgREST takes.
      role: databaseRole,
      ...(Object.keys(inside).length > 0 && { [claimsName]: inside }),
    };
    const sign = (body: JWTPayload): Promise<string> =>
      new SignJWT(body)
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(this.rules.issuer)
        .setAudience(this.rules.audience)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(this.rules.key);
    const whole = await sign(payload);
    const token =
      whole.length > longestToken ? await sign(without(payload, new Set(writable))) : whole;
    if (token.length > longestToken) {
      throw new Refusal(502, 'upstream_token_invalid', 'the auth service’s token is too long');
    }
    return { token, expiresAt, expiresIn: expiresAt - Math.floor(Date.now() / 1000) };
  }
}

/** Names in another spelling would be read as ours further on, so none is kept. */
function kept(inside: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(inside) ?? {}).filter(
      (entry): entry is [string, string] =>
        /^x-hasura-[a-z0-9-]{1,64}$/.test(entry[0]) &&
        !oursInside.has(entry[0]) &&
        typeof entry[1] === 'string',
    ),
  );
}

function without(claims: JWTPayload, names: ReadonlySet<string>): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.has(name)));
}
