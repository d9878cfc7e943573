import type { DatabaseSettings } from '../../settings/database';
import type { Problem } from '../../settings/errors';
import { showKey } from '../../settings/show';
import { mebibytes } from '../../settings/sizes';
import { connections, reservedForSuperuser, tenantCapacity } from './connections';

/*
 * How Postgres' memory is shared out. Everything is counted at its worst at the same moment: all connections open,
 * each with several sorts, every autovacuum worker and an index build at work. What is left over is the page cache.
 *
 * Sources (looked up 2026-11): PostgreSQL's documentation, "Resource Consumption": shared_buffers 25 % of the memory
 * as a start; a query may use work_mem several times, and a hash work_mem times hash_mem_multiplier;
 * maintenance_work_mem once for each autovacuum worker. Its wiki, "Tuning Your PostgreSQL Server":
 * effective_cache_size up to 75 %. The other shares are ours.
 */

/** Sorts and hashes that one query may have at work at the same time. */
const operations = 2;
export const hashMultiplier = 2;
export const autovacuumWorkers = 3;
/** Of the whole server; each has work_mem of its own. */
export const parallelWorkers = 4;
/** What a backend takes besides sorts: its process and its caches of the catalogue, in MiB (docs/adr/0011). */
const session = 8;
/** Below this, sorts of a few thousand rows go to the disk, in MiB. */
const leastWork = 1;
const mostWork = 256;
const mostMaintenance = 1024;
const step = 64;

/** In MiB; `total` is what was given, in whole steps. */
export interface MemoryPlan {
  readonly total: number;
  readonly sharedBuffers: number;
  readonly walBuffers: number;
  readonly effectiveCache: number;
  readonly maintenanceWork: number;
  readonly work: number;
  /** Everything at its worst; never above `total`. */
  readonly worst: number;
}

/**
 * The shares of `given` MiB for `maxConnections`; `undefined` when not even the least sort memory is left.
 *
 * @example planMemory(4096, 78)?.sharedBuffers // 1024
 */
export function planMemory(given: number, maxConnections: number): MemoryPlan | undefined {
  // In whole steps, so that rounding never gives a larger server a smaller share.
  const total = Math.floor(given / step) * step;
  const sharedBuffers = Math.floor(total / 4);
  const walBuffers = Math.min(16, Math.max(1, Math.floor(sharedBuffers / 32)));
  const maintenanceWork = Math.min(mostMaintenance, Math.max(16, Math.floor(total / 32)));
  // The kernel's own, pgBackRest's processes, and some cache even at the worst moment.
  const spare = Math.max(64, Math.ceil(total / 10));

  const backends = maxConnections + parallelWorkers;
  const fixed =
    sharedBuffers +
    walBuffers +
    maintenanceWork * (autovacuumWorkers + 1) +
    spare +
    backends * session;
  const sorts = backends * operations * hashMultiplier;
  const work = Math.min(mostWork, Math.floor((total - fixed) / sorts));
  if (work < leastWork) return undefined;
  return {
    total,
    sharedBuffers,
    walBuffers,
    effectiveCache: Math.floor((total * 3) / 4),
    maintenanceWork,
    work,
    worst: fixed + sorts * work,
  };
}

/** Memory that cannot hold the connections of all pools and of `ofServices`, with the numbers. */
export function memoryProblems(database: DatabaseSettings, ofServices = 0): Problem[] {
  const { memory, tenants: own } = database;
  const { pooled, tenants, direct, optional, total } = connections(database, ofServices);
  if (planMemory(mebibytes(memory), total)) return [];
  const parts = [
    `${pooled} of the pools`,
    ...(tenants > 0 ? [`${tenants} of ${own.most} tenants with ${own.connections} each`] : []),
    `${direct} direct`,
    ...(optional > 0 ? [`${optional} of services besides`] : []),
    `${reservedForSuperuser} reserved`,
  ];
  return [
    {
      key: showKey(['database', 'memory']),
      reason: `cannot hold ${total} connections (${parts.join(', ')})`,
      received: memory,
      allowed: `at least ${leastMemory(total)}M for these pools`,
      advice:
        tenants > 0
          ? 'Give it more memory, or make strata:database.pools or strata:database.tenants smaller.'
          : 'Give it more memory, or make strata:database.pools smaller.',
    },
  ];
}

/** More declared tenants with a database of their own on one shard than are planned for; `declared`: shard → how many. */
export function tenantProblems(
  { tenants }: DatabaseSettings,
  declared: ReadonlyMap<string, number>,
): Problem[] {
  return [...declared]
    .filter(([, count]) => count > tenants.most)
    .map(([shard, count]) => ({
      key: showKey(['database', 'tenants', 'most']),
      reason: `plans for ${tenants.most} tenants of model database (${tenantCapacity(tenants)} connections), and shard ${shard} has ${count} (${count * tenants.connections})`,
      received: String(tenants.most),
      allowed: `at least ${count}`,
      advice: 'Raise it, give tenants another model, or put some on another shard.',
    }));
}

/** The smallest memory that holds so many connections, in MiB. */
function leastMemory(maxConnections: number): number {
  let total = step;
  while (!planMemory(total, maxConnections)) total += step;
  return total;
}
