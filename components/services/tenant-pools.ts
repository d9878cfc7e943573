/**
 * How many databases of single tenants one process that serves tenants has connections to at the same time, ten at most
 * to each. Those that are idle longest are closed for others.
 */
export const tenantPools = 10;
