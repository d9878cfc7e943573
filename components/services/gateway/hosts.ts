import { reservedSlugs } from '../../settings/names';
import type { Settings } from '../../settings/schema';
import type { GatewayInput, Served } from './input';
import { literally } from './text';

/** One group of host names, and what is served there. */
export interface Site {
  readonly title: string;
  /** As `server_name` takes them. */
  readonly names: readonly string[];
  readonly routes: readonly Served[];
  /** The API, whose paths may begin with `/t/<tenant>`. */
  readonly api: boolean;
}

/** The platform's own host: `<domain>`, `api.<domain>` and `<tenant>.<domain>`; then a site for each subdomain. */
export function sites({ domain }: Pick<GatewayInput, 'domain'>, served: readonly Served[]): Site[] {
  const subdomains = subdomainsOf(served);
  return [
    {
      title: `The API: ${domain}, api.${domain} and a host for each tenant`,
      names: [domain, `api.${domain}`, tenantHosts(domain)],
      routes: served.filter(({ route }) => route.subdomain === undefined),
      api: true,
    },
    ...subdomains.map((subdomain) => ({
      title: `${subdomain}.${domain}`,
      names: [`${subdomain}.${domain}`],
      routes: served.filter(({ route }) => route.subdomain === subdomain),
      api: false,
    })),
  ];
}

/** Every host name that one certificate can hold: tenants' hosts would need a wildcard. */
export function hostNames(
  { domain }: Pick<GatewayInput, 'domain'>,
  served: readonly Served[],
): string[] {
  return [domain, ...['api', ...subdomainsOf(served)].map((subdomain) => `${subdomain}.${domain}`)];
}

function subdomainsOf(served: readonly Served[]): string[] {
  const all = served.flatMap(({ route }) => route.subdomain ?? []);
  return [...new Set(all)].sort();
}

/** A tenant's host; exact names come first, so a subdomain of a service is never taken for a tenant. */
function tenantHosts(domain: string): string {
  const reserved = reservedSlugs.join('|');
  return `"~^(?!(?:${reserved})\\.)(?<tenant_host>[a-z][a-z0-9-]{0,39})\\.${literally(domain)}$"`;
}

/** Where people outside find the gateway, or a subdomain of it; without a path. */
export function publicUrl(
  { domain, gateway }: Pick<Settings, 'domain' | 'gateway'>,
  subdomain?: string,
): string {
  const { https } = gateway.ports;
  const host = subdomain === undefined ? domain : `${subdomain}.${domain}`;
  return `https://${host}${https === 443 ? '' : `:${https}`}`;
}
