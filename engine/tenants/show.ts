import type { Registered } from '../../provider/tenancy/registry';
import { table } from '../terminal';

const heading = [
  'TENANT',
  'MODEL',
  'SHARD',
  'STATUS',
  'SCHEMA',
  'CONNECTIONS',
  'STATEMENT',
  'STORAGE',
  'REQUESTS/MIN',
  'NAME',
];

/** Tenants as people read them; `-` is what the platform says of every tenant. */
export function renderTenants(tenants: readonly Registered[]): string {
  if (tenants.length === 0)
    return 'There are no tenants. Make one: npm run tenants -- create <slug> --admin <handle>';
  return table([heading, ...tenants.map(row)]);
}

function row(tenant: Registered): string[] {
  const { slug, name, model, shard, status, schemaVersion, limits, movingTo } = tenant;
  const { maxConnections, statementTimeoutMs, storageBytes, requestsPerMinute } = limits;
  return [
    slug,
    model,
    shard,
    movingTo ? `${status}, moving to ${movingTo.model} on ${movingTo.shard}` : status,
    schemaVersion ?? (model === 'shared' ? 'shared' : 'none'),
    shown(maxConnections),
    statementTimeoutMs === null ? '-' : `${String(statementTimeoutMs)} ms`,
    storageBytes === null ? '-' : size(storageBytes),
    shown(requestsPerMinute),
    name,
  ];
}

function shown(limit: number | null): string {
  return limit === null ? '-' : String(limit);
}

/** Whole, or as many bytes. */
function size(bytes: number): string {
  for (const [unit, factor] of [
    ['G', 2 ** 30],
    ['M', 2 ** 20],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${String(bytes / factor)}${unit}`;
  }
  return `${String(bytes)} B`;
}
