import { SignJWT } from 'jose';
import type { AccessToken, ClientCredentials, Provider } from 'oidc-provider';
import { claimsFor, type TokenClaims } from '../shared/claims';
import type { TokenRules } from '../shared/token';
import { invalidGrant, memberOf, type Member } from './accounts';
import type { ClientConfig } from './config';
import type { Directory } from './directory';
import { machineUser } from './keys';

interface Makers {
  readonly directory: Directory;
  /** By id. */
  readonly clients: ReadonlyMap<string, ClientConfig>;
  /** The platform's scopes; `openid` is none of them. */
  readonly scopes: readonly string[];
  /** 64 hex digits. */
  readonly secret: string;
}

/**
 * The claims of a token that is about to be made: the person's or the client's tenant, the role there as the registry
 * has it now, and the scopes that were granted. A token without any scope of the platform opens nothing.
 */
export function claimsOf(makers: Makers) {
  return async (
    provider: Provider,
    token: AccessToken | ClientCredentials,
  ): Promise<TokenClaims> => {
    const member =
      token.kind === 'AccessToken'
        ? await ofPerson(provider, makers, token)
        : await ofClient(makers, token);
    const granted = (token.scope ?? '').split(' ').filter((scope) => makers.scopes.includes(scope));
    // Always there, though empty: where scopes are missing, a token opens what its role does.
    return claimsFor(member, granted);
  };
}

/**
 * The access token that services take: signed as all of the platform's are, with an id by which it can be revoked.
 * `token` is as it was kept: what introspection says of it and what it says itself are the same.
 */
export function mint(token: AccessToken | ClientCredentials, rules: TokenRules): Promise<string> {
  const { jti, clientId, scope, exp, iat, extra } = token;
  if (exp === undefined || extra === undefined) throw new Error('a token that was not kept');
  return new SignJWT({ ...extra, client_id: clientId, scope: scope ?? '' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(rules.issuer)
    .setAudience(rules.audience)
    .setJti(jti)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(rules.key);
}

async function ofPerson(
  provider: Provider,
  { directory }: Makers,
  token: AccessToken,
): Promise<Member> {
  const member = await memberOf(provider, directory, token);
  if (member === undefined) throw invalidGrant('whose it was is no member of the tenant any more');
  return member;
}

async function ofClient(
  { directory, clients, secret }: Makers,
  { clientId = '' }: ClientCredentials,
): Promise<Member> {
  const acts = clients.get(clientId)?.acts;
  const tenantId = acts && (await directory.tenant(acts.tenant));
  if (acts === undefined || tenantId === undefined) {
    throw invalidGrant('the tenant that this client acts for is not there, or is suspended');
  }
  return { userId: machineUser(secret, clientId), tenantId, role: acts.role };
}
