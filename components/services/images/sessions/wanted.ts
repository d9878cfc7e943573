import type { FastifyRequest } from 'fastify';
import { isTenantId } from '../../../tenancy/places';
import { reservedSlugs } from '../../../settings/names';
import { header } from './inner';
import type { Membership } from './people';

/** Which tenant a token is wanted for. */
export interface Wanted {
  /** As the request names it, by slug or id; all of them must mean the same. */
  readonly named: readonly string[];
  /** The tenant of the token before, by its id. */
  readonly before: string | undefined;
}

/** Host (`<tenant>.<domain>`), path (`/t/<tenant>/…`, as the gateway tells), header `X-Tenant` and query `tenant`. */
export function namedBy(request: FastifyRequest, domain: string): string[] {
  const host = (header(request, 'host') ?? '').replace(/:\d+$/, '').toLowerCase();
  const label = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : '';
  const query = new URL(request.raw.url ?? '', 'http://x').searchParams.getAll('tenant');
  return [
    reservedSlugs.includes(label) ? '' : label,
    header(request, 'x-tenant-path') ?? '',
    header(request, 'x-tenant') ?? '',
    ...query,
  ].flatMap((name) => (name === '' ? [] : [name.toLowerCase()]));
}

/**
 * The membership that a token is made for; undefined for none. What the request names counts alone. Otherwise a refresh
 * stays where it was, or is nowhere: it never wanders to another tenant. A new sign-in may, to the only one there is.
 */
export function choose(
  memberships: readonly Membership[],
  { named, before }: Wanted,
  begins: boolean,
): Membership | undefined {
  if (named.length > 0) {
    return open(memberships.find((one) => named.every((name) => isCalled(one, name))));
  }
  const last = memberships.find(({ tenantId }) => tenantId === before);
  if (last || (before !== undefined && !begins)) return open(last);
  const [only, ...more] = memberships;
  return more.length > 0 ? undefined : open(only);
}

function open(membership: Membership | undefined): Membership | undefined {
  return membership?.active === true ? membership : undefined;
}

/** What looks like an id is compared with ids only, as the guard does. */
function isCalled({ tenantId, slug }: Membership, name: string): boolean {
  return isTenantId(name) ? name === tenantId : name === slug;
}
