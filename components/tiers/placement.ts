import type { Service, VolumeContent } from '../services/service';
import type { TierName } from '../settings/schema';
import type { Parts, ServerGroup } from '../targets/target';

/** What a tier of several servers takes apart. */
interface Placement {
  /** What keeps customers' data, and what works on it where it lies. */
  readonly data: readonly Service[];
  /** What there is once: it keeps something of its own, or only operators ask for it. */
  readonly operations: readonly Service[];
  /** What answers requests and keeps nothing: there may be any number of it. */
  readonly app: readonly Service[];
}

/** Volumes that stand beside the database; those of everything else that is kept are operators'. */
const customersData: readonly VolumeContent[] = ['database', 'queue', 'storage'];

/** Volumes that are filled anew wherever their service starts. */
export const madeAnew: readonly VolumeContent[] = ['pooler', 'signatures'];

/** What fills the database and its stores, and what shares its connections out: as many pools as databases. */
const beside: readonly string[] = [
  'backup-bucket',
  'cadvisor-data',
  'node-exporter-data',
  'pooler',
  'pooler-registry',
  'schema',
  'supabase-storage-bucket',
];

/**
 * What keeps nothing and is there once all the same. What looks at something that there is once would count it as often
 * as it is there itself. Pages of operators remember in their process who has signed in (Grafana, pgAdmin). GoTrue makes
 * its tables when it starts, and nothing keeps two of them from doing so at the same time (cmd/migrate_cmd.go of
 * supabase/auth at 0551dc70, read 2026-11-22). The rest is asked so rarely that more of it would only cost memory.
 */
const once: readonly string[] = [
  'cadvisor-operations',
  'gotrue',
  'grafana',
  'mailhog',
  'meta',
  'node-exporter-operations',
  'pgadmin',
  'pgbouncer-exporter',
  'postgres-exporter',
  'redis-exporter',
  'studio',
];

/** A release replaces one of them while the others serve, and one more may fail. */
const appServers = 3;

/** On how many servers a service runs. */
export function serversOf(tier: TierName, service: Pick<Service, 'name' | 'volumes'>): number {
  return tier === 'load-balanced' && place(service) === 'app' ? appServers : 1;
}

/** The same at most: a release starts all new ones before the last old one goes. */
export function mostServersOf(tier: TierName, service: Pick<Service, 'name' | 'volumes'>): number {
  const servers = serversOf(tier, service);
  return servers > 1 ? servers * sideBySide : 1;
}

/** How many times as many of the like servers there may be as there usually are. */
export const sideBySide = 2;

/** The servers of a tier, in the order in which they start. */
export function groupsOf(
  tier: TierName,
  parts: Pick<Parts, 'database' | 'services'>,
): ServerGroup[] {
  const one = { count: 1, balanced: false } as const;
  const { data, operations, app } = apart(parts);
  switch (tier) {
    case 'single':
      return [{ ...one, name: 'server', services: [parts.database, ...parts.services] }];
    case 'split':
      return [
        { ...one, name: 'data', services: data },
        { ...one, name: 'app', services: [...operations, ...app] },
      ];
    case 'load-balanced':
      return [
        { ...one, name: 'data', services: data },
        { ...one, name: 'operations', services: operations },
        { name: 'app', count: appServers, balanced: true, services: app },
      ];
  }
}

/** Takes the services apart by what they keep. */
export function apart({ database, services }: Pick<Parts, 'database' | 'services'>): Placement {
  const all = [database, ...services];
  return {
    data: all.filter((service) => place(service) === 'data'),
    operations: all.filter((service) => place(service) === 'operations'),
    app: all.filter((service) => place(service) === 'app'),
  };
}

function place({ name, volumes = {} }: Pick<Service, 'name' | 'volumes'>): keyof Placement {
  const kept = Object.values(volumes).filter((content) => !madeAnew.includes(content));
  if (kept.some((content) => customersData.includes(content)) || beside.includes(name)) {
    return 'data';
  }
  return kept.length > 0 || once.includes(name) ? 'operations' : 'app';
}
