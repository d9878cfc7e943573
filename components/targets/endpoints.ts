import { publicUrl } from '../services/gateway/hosts';
import type { Workload } from '../services/service';
import type { Settings } from '../settings/schema';

/** Where people outside reach a service: its routes at the gateway, by endpoint name. */
export function publicEndpoints(
  settings: Pick<Settings, 'domain' | 'gateway'>,
  { routes }: Workload,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(routes).map(([name, { path, subdomain }]) => [
      name,
      publicUrl(settings, subdomain) + path,
    ]),
  );
}
