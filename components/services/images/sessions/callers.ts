import type { FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import { issuedAt, revocableNames } from '../shared/revocable';
import { TokenError, verifyPerson, type TokenRules } from '../shared/token';
import { claimsName, databaseRole } from '../../tokens';
import { asObject, asText } from './dialect';
import { header } from './inner';
import type { Claims } from './mint';
import type { People } from './people';

/** Who sends a request, by an access token of ours. */
export interface Caller {
  readonly claims: Claims;
  /** As it was sent. */
  readonly token: string;
  readonly signIn: string | undefined;
}

/** Of the tokens of the platform only those that were made here: one of an API key must not become a person's. */
const madeHere = z.looseObject({
  sub: z.uuid(),
  jti: z.uuid(),
  exp: z.number(),
  session_id: z.uuid().optional(),
  role: z.literal(databaseRole),
});

/** Tells who is signed in by the access token of a request. */
export class Callers {
  constructor(
    private readonly rules: TokenRules,
    private readonly people: People,
  ) {}

  /** Throws `Refusal` (401) when nobody is, or the token counts no more. */
  async required(request: FastifyRequest): Promise<Caller> {
    try {
      return await this.caller(request);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw unauthenticated(error.code, error.message);
    }
  }

  /** Undefined where the request has no token of ours that lives. Throws `Refusal` (401) when it was revoked. */
  async optional(request: FastifyRequest): Promise<Caller | undefined> {
    try {
      return await this.caller(request);
    } catch (error) {
      if (error instanceof TokenError) return undefined;
      throw error;
    }
  }

  /** The tenant of a request's token, ended or not: a wish, which nothing is given for. */
  async tenantBefore(request: FastifyRequest): Promise<string | undefined> {
    const { key, issuer, audience } = this.rules;
    try {
      const [, token = ''] = (header(request, 'authorization') ?? '').split(' ', 2);
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer,
        audience,
        currentDate: new Date(0),
      });
      return asText(asObject(payload[claimsName])?.['x-hasura-tenant-id']);
    } catch {
      return undefined;
    }
  }

  private async caller(request: FastifyRequest): Promise<Caller> {
    const authorization = header(request, 'authorization');
    const payload = await verifyPerson(authorization, this.rules);
    const { success, data } = madeHere.safeParse(payload);
    if (!success || asObject(payload[claimsName])?.['x-hasura-scopes'] !== undefined) {
      throw new TokenError('token_invalid', 'the access token was not made by signing in');
    }
    if (await this.people.isRevoked(revocableNames(payload), issuedAt(payload))) {
      throw unauthenticated('token_revoked', 'the access token was revoked: sign in again');
    }
    return {
      claims: { ...payload, sub: data.sub, exp: data.exp },
      token: (authorization ?? '').split(' ')[1] ?? '',
      signIn: data.session_id,
    };
  }
}

function unauthenticated(code: string, message: string): Refusal {
  return new Refusal(401, code, message, { 'www-authenticate': 'Bearer' });
}
