import type { Workload } from '../services/service';
import type { Settings } from '../settings/schema';

/** Where people outside reach a service: its routes at the gateway, by endpoint name. */
export function publicEndpoints(
  { domain, gateway }: Pick<Settings, 'domain' | 'gateway'>,
  { routes }: Workload,
): Record<string, string> {
  const { https } = gateway.ports;
  const port = https === 443 ? '' : `:${https}`;
  return Object.fromEntries(
    Object.entries(routes).map(([name, { path, subdomain }]) => [
      name,
      `https://${subdomain === undefined ? '' : `${subdomain}.`}${domain}${port}${path}`,
    ]),
  );
}
