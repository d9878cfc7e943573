import type { Settings } from '../../settings/schema';
import { isOn, type OptionalName } from '../presets';
import { vendorConnections, vendorNames } from '../vendors';

/** What a service of ours takes of Postgres that comes past the pooler. */
interface Direct {
  /** All of its replicas together, and one that comes while another goes; its login has no more. */
  readonly connections: number;
  /** So many replicas have enough of them. */
  readonly replicas: number;
}

const own: Partial<Record<OptionalName, Direct>> = {
  oauth: { connections: 4, replicas: 3 },
  sessions: { connections: 6, replicas: 2 },
  realtime: { connections: 8, replicas: 3 },
  admin: { connections: 4, replicas: 1 },
  // An operator's windows, as the auditor.
  pgadmin: { connections: 2, replicas: 1 },
};

/** The most replicas of a service for which connections are kept; undefined where the pooler shares them. */
export function mostReplicas(name: OptionalName): number | undefined {
  return own[name]?.replicas;
}

/** Those whose connections are counted for a few replicas, or for one. */
export const countedServices: readonly OptionalName[] = [
  ...(Object.keys(own) as OptionalName[]),
  ...vendorNames,
];

/** What Postgres must serve besides, for services of the catalogue that this deployment has. */
export function optionalConnections(settings: Pick<Settings, 'preset' | 'services'>): number {
  const chosen = (Object.keys(own) as OptionalName[]).filter((name) => isOn(name, settings));
  const ofOurs = chosen.reduce((sum, name) => sum + (own[name]?.connections ?? 0), 0);
  return ofOurs + vendorConnections(settings);
}
