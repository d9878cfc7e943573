import { errors, type Account, type FindAccount, type Provider } from 'oidc-provider';
import type { Directory, Role } from './directory';

/** Somebody in one tenant, whom a client may act for. */
interface Consent {
  /** UUID. */
  readonly userId: string;
  /** UUID. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** Who a token is for, as the registry has it now. */
export interface Member {
  readonly userId: string;
  readonly tenantId: string;
  readonly role: Role;
}

/** Where a grant keeps its tenant: among what oidc-provider would keep for other resources, which are off. */
const tenantResource = 'urn:strata:tenant';

/**
 * Keeps what somebody let a client do, and for which tenant: all codes and tokens that come of it are for that tenant
 * alone. A grant of its own each time: revoking it touches no other device. Returns its id.
 */
export async function keepGrant(provider: Provider, consent: Consent): Promise<string> {
  const { userId, tenantId, clientId, scopes } = consent;
  const grant = new provider.Grant({ accountId: userId, clientId });
  grant.addOIDCScope([...scopes]);
  grant.addResourceScope(tenantResource, tenantId);
  return grant.save();
}

/** Undefined for who has left the tenant, and for everybody of a tenant that is suspended or a grant that ended. */
export async function memberOf(
  provider: Provider,
  directory: Directory,
  { accountId: userId, grantId }: { readonly accountId: string; readonly grantId?: string },
): Promise<Member | undefined> {
  const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  if (grant?.accountId !== userId) return undefined;
  const tenantId = grant.getResourceScope(tenantResource);
  const role = await directory.role(userId, tenantId);
  return role && { userId, tenantId, role };
}

/**
 * Looks up whose a code or a refresh token is, each time a token is to be made of it: without a membership it gives
 * nothing any more. Where nobody asks for a token yet, only the id is known.
 */
export function findAccount(directory: Directory): FindAccount {
  return async (context, accountId, source): Promise<Account | undefined> => {
    if (source === undefined) return { accountId, claims: () => ({ sub: accountId }) };
    const { grantId } = source as { grantId?: string };
    const owner = { accountId, ...(grantId !== undefined && { grantId }) };
    const member = await memberOf(context.oidc.provider, directory, owner);
    if (member === undefined) return undefined;
    const { tenantId, role } = member;
    return {
      accountId,
      claims: () => ({ sub: accountId, tenant_id: tenantId, tenant_role: role }),
    };
  };
}

/** Refuses with a sentence for the caller; oidc-provider's own error would keep it to itself. */
export function invalidGrant(sentence: string): Error {
  return new errors.CustomOIDCProviderError('invalid_grant', sentence);
}
