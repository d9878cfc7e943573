import { SignJWT } from 'jose';
import type { AccessToken, ClientCredentials, Provider } from 'oidc-provider';
import type { TokenRules } from '../shared/token';
import { invalidGrant, memberOf, type Member } from './accounts';
import type { ClientConfig } from './config';
import type { Directory } from './directory';
import { machineUser } from './keys';

/** The claim that Hasura, PostGraphile, the guard and the SQL of `tenancy` read. */
const claimsName = 'https://hasura.io/jwt/claims';

/** What a token says besides its end: the platform's claims. */
export interface PlatformClaims extends Record<string, unknown> {
  readonly sub: string;
  readonly role: 'strata_tenant';
  readonly [claimsName]: Readonly<Record<string, string | string[]>>;
}

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
  ): Promise<PlatformClaims> => {
    const { userId, tenantId, role } =
      token.kind === 'AccessToken'
        ? await ofPerson(provider, makers, token)
        : await ofClient(makers, token);
    const granted = (token.scope ?? '').split(' ').filter((scope) => makers.scopes.includes(scope));
    return {
      sub: userId,
      role: 'strata_tenant',
      [claimsName]: {
        'x-hasura-user-id': userId,
        'x-hasura-tenant-id': tenantId,
        'x-hasura-default-role': `tenant_${role}`,
        'x-hasura-allowed-roles': [`tenant_${role}`],
        'x-hasura-role': `tenant_${role}`,
        // Always there: where it is missing, a token opens what its role does.
        'x-hasura-scopes': granted.join(' '),
      },
    };
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
