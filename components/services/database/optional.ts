import type { Settings } from '../../settings/schema';
import { isOn, type OptionalName } from '../presets';
import { vendorConnections } from '../vendors';

/** Services of ours that come past the pooler → how many connections that takes at most. */
const own: Partial<Record<OptionalName, number>> = {
  /** Three replicas with one each, and one that comes while another goes. */
  oauth: 4,
  /** Two replicas with two each, and one that comes while another goes. */
  sessions: 6,
  admin: 4,
  /** An operator's windows, as the auditor. */
  pgadmin: 2,
};

/** What Postgres must serve besides, for services of the catalogue that this deployment has. */
export function optionalConnections(settings: Pick<Settings, 'preset' | 'services'>): number {
  const chosen = (Object.keys(own) as OptionalName[]).filter((name) => isOn(name, settings));
  const ofOurs = chosen.reduce((sum, name) => sum + (own[name] ?? 0), 0);
  return ofOurs + vendorConnections(settings);
}
