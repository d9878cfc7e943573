import { GetHostedZoneCommand } from '@aws-sdk/client-route-53';
import { type Check, type Finding, ok, warning, wrong } from '../check';
import type { Clients } from '../clients';
import type { Subject } from '../subject';

/** The hosted zone holds the domain, and the world asks its name servers. */
export const dnsZone: Check = {
  name: 'domain',
  permissions: ['route53:GetHostedZone'],
  async run(subject, clients) {
    const { dnsZone: id, domain } = subject;
    if (id !== undefined) return zoneOf(id, subject, clients);
    return [
      warning(
        'domain',
        `no hosted zone is given, so nobody writes records for ${domain}`,
        `Write them where the domain is kept, for ${domain} and *.${domain}; once it is deployed, npm run status says what they lead to.`,
      ),
    ];
  },
};

async function zoneOf(
  Id: string,
  { domain }: Subject,
  { route53, nameServers }: Clients,
): Promise<Finding[]> {
  const name = 'domain';
  try {
    const { HostedZone, DelegationSet } = await route53.send(new GetHostedZoneCommand({ Id }));
    const zone = plain(HostedZone?.Name ?? '');
    if (HostedZone?.Config?.PrivateZone === true) {
      return [
        wrong(name, `zone ${Id} (${zone}) is private`, 'Give a public one: strata:aws.dnsZone.'),
      ];
    }
    if (domain !== zone && !domain.endsWith(`.${zone}`)) {
      return [
        wrong(
          name,
          `zone ${Id} is that of ${zone}, and strata:domain is ${domain}`,
          'Give the zone that holds the domain: strata:aws.dnsZone.',
        ),
      ];
    }
    const own = (DelegationSet?.NameServers ?? []).map(plain).sort();
    const asked = (await nameServers(zone)).map(plain).sort();
    if (own.some((server) => asked.includes(server)))
      return [ok(name, `${domain} in zone ${zone}`)];
    return [
      wrong(
        name,
        `the world asks ${asked.join(', ') || 'nobody'} about ${zone}, not the zone’s name servers, so no certificate can be proved`,
        `Enter ${own.join(', ')} as name servers where the domain is registered.`,
      ),
    ];
  } catch (error) {
    if ((error as Error).name !== 'NoSuchHostedZone') throw error;
    return [
      wrong(
        name,
        `the account has no hosted zone ${Id}`,
        'Look at strata:aws.dnsZone: aws route53 list-hosted-zones.',
      ),
    ];
  }
}

/** Route 53 writes names with a dot behind. */
function plain(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}
