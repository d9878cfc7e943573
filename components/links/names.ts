import type { TierName } from '../settings/names';

/** The one port of a server at which the others find its services. */
export const linkPort = 9443;

/** The workload behind that port, and the host that its certificate is called by. */
export const wayIn = 'links';

/** Whoever may come in: the subject of a certificate that is for nothing else. */
export const wayOut = 'links-client';

/** Reserved for networks of one's own, so no domain has it. */
const domain = 'links.internal';

/** All that can be asked for at a server's port. */
export const everyLink = `*.${domain}`;

/** Under which name a port of a service is asked for: both have to be told, and TLS carries one name. */
export function linkName(service: string, port: number): string {
  return `${service}-${port}.${domain}`;
}

/** Hosts that certificates are made for where there are several servers. */
export function linkCertificates(tier: TierName): string[] {
  return tier === 'single' ? [] : [wayIn, wayOut];
}
