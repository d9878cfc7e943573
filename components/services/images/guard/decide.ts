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
  parts: DecideParts,
  onTenant: (slug: string, userId: string) => void,
): Promise<Granted> {
  const { caller, tenant, counted } = await known(asked, parts, onTenant);
  const rate = await parts.limits.take(counted);
  requireTenant(asked, tenant, counted.tenantId);
  if (caller.keyId !== undefined) parts.usage.count(caller.keyId);
  return { ...caller, shared: tenant.shared, counted, rate };
}

/**
 * Whether somebody who was let in still would be: everything that `decide` asks but how much was used, which it does not
 * count either. Asked of living sockets; whatever closes a door to requests belongs where both come by. Answers with what
 * the registry says of the place and the limits now. Throws `Refusal`.
 */
export async function stillLetIn(asked: Asked, parts: DecideParts): Promise<Omit<Granted, 'rate'>> {
  const { caller, tenant, counted } = await known(asked, parts, () => undefined);
  requireTenant(asked, tenant, counted.tenantId);
  return { ...caller, shared: tenant.shared, counted };
}

/** Who sends a request, of an active tenant. Throws `Refusal`. */
async function known(
  asked: Asked,
  { authenticator, registry }: DecideParts,
  onTenant: (slug: string, userId: string) => void,
): Promise<{ readonly caller: Caller; readonly tenant: Tenant; readonly counted: Counted }> {
  const caller = await authenticator.caller(asked);
  const { tenantId, userId } = caller.session;
  const tenant = await registry.tenant(tenantId);
  if (!tenant) throw wrongTenant();
  const { slug, requestsPerMinute } = tenant;
  onTenant(slug, userId);
  if (!tenant.active) throw new Refusal(403, 'tenant_suspended', 'this tenant is not active');
  const counted = { caller: caller.keyId ?? userId, tenantId, slug, requestsPerMinute };
  return { caller, tenant, counted };
}

/** Throws `Refusal` when the request names another tenant than its sender's. */
function requireTenant({ tenants }: Asked, tenant: Tenant, tenantId: string): void {
  if (!tenants.every((name) => !name || names(name, tenantId, tenant))) throw wrongTenant();
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
  { shared }: Pick<Granted, 'shared'>,
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
