import { createHmac } from 'node:crypto';

/**
 * The password of a tenant's login to its own database: derived, so that none is stored anywhere. Another generation is
 * another password; none tells anything about another one or about the master.
 */
export function tenantPassword(master: string, tenantId: string, generation: number): string {
  return createHmac('sha256', master)
    .update(`strata tenant login v1\0${tenantId}\0${generation}`)
    .digest('hex');
}
