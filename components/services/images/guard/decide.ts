import { isTenantId } from '../../../tenancy/places';
import { opens, type Action, type Area } from '../../scopes';
import type { Authenticator, Caller, Credentials } from './authenticate';
import type { Counted, RateHeaders, RateLimits } from './limits';
import { Refusal } from './refusal';
import type { Registry, Tenant } from './registry';
import type { Usage } from './usage';

/** What is asked about a request. */
export interface Asked extends Credentials {
  /** The tenant as host, path and header name it, by slug or id; empty text is nothing. */
  readonly tenants: readonly (string | undefined)[];
}

/** A request that is let through as far as its sender goes. */
export interface Granted extends Caller {
  /** Whether its tenant's rows are in the tables that tenants share. */
  readonly shared: boolean;
  readonly counted: Counted;
  readonly rate: RateHeaders;
}

export interface DecideParts {
  readonly authenticator: Authenticator;
  readonly registry: Registry;
  readonly limits: RateLimits;
  readonly usage: Usage;
}

/**
 * Whether a request is let through: who sends it, whether that tenant is active, whether anything that the request names
 * is another tenant, whether a limit is used up. Throws `Refusal`; a tenant that is another's and one that nobody has
 * are refused in the same words, and neither is looked up. `onTenant` is told whose request it is, let through or not.
 */
export async function decide(
  asked: Asked,
  { authenticator, registry, limits, usage }: DecideParts,
  onTenant: (slug: string, userId: string) => void,
): Promise<Granted> {
  const caller = await authenticator.caller(asked);
  const { tenantId, userId } = caller.session;
  const tenant = await registry.tenant(tenantId);
  if (!tenant) throw wrongTenant();
  const { slug, shared, requestsPerMinute } = tenant;
  onTenant(slug, userId);
  if (!tenant.active) throw new Refusal(403, 'tenant_suspended', 'this tenant is not active');
  const counted = { caller: caller.keyId ?? userId, tenantId, slug, requestsPerMinute };
  const rate = await limits.take(counted);
  if (!asked.tenants.every((name) => !name || names(name, tenantId, tenant))) throw wrongTenant();
  if (caller.keyId !== undefined) usage.count(caller.keyId);
  return { ...caller, shared, counted, rate };
}

/** Throws `Refusal` (403) when the caller is an API key that does not open this. */
export function requireScope(
  { session: { scopes } }: Granted,
  area: Area | undefined,
  action: Action,
): void {
  if (scopes === undefined || (area !== undefined && opens(scopes, area, action))) return;
  throw new Refusal(
    403,
    'scope_missing',
    area === undefined
      ? 'API keys open nothing here'
      : `this API key does not open ${area}:${action}; it opens ${scopes.join(', ')}`,
  );
}

/**
 * Throws `Refusal` (409) when the tenant's rows are elsewhere than where a service of one place looks: it would show an
 * empty table, and write to it what the tenant never finds again.
 */
export function requirePlace(
  { shared }: Granted,
  { sharedTablesOnly = false }: { readonly sharedTablesOnly?: boolean | undefined },
): void {
  if (shared || !sharedTablesOnly) return;
  throw new Refusal(
    409,
    'wrong_model',
    'this service serves tenants that share tables; yours has tables of its own: use the API at /graphql',
  );
}

/** What looks like an id is compared with ids only, whatever slugs the registry may let in. */
function names(name: string, tenantId: string, { slug }: Tenant): boolean {
  const given = name.toLowerCase();
  return isTenantId(given) ? given === tenantId : given === slug;
}

function wrongTenant(): Refusal {
  return new Refusal(403, 'wrong_tenant', 'this is not your tenant');
}
