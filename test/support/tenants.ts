import type { WantedTenant } from '../../components/data/tenants';

/** A tenant whose rows are among everybody's, unless `changes` say otherwise; `members`: handle → role. */
export function wantedTenant(
  slug: string,
  members: Readonly<Record<string, 'admin' | 'member'>> = {},
  changes: Partial<WantedTenant> = {},
): WantedTenant {
  return {
    slug,
    displayName: slug,
    model: 'shared',
    shard: 'main',
    limits: { maxConnections: null, statementTimeoutMs: null, storageBytes: null },
    members: Object.entries(members).map(([user, role]) => ({ user, role })),
    ...changes,
  };
}
