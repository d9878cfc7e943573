import * as pulumi from '@pulumi/pulumi';
import { balancerIdleSeconds } from '../../services/gateway/idle';
import type { AwsSettings } from '../../settings/aws';
import { cdnSubdomain, gatewayPorts, logDays } from './constants';
import { Balancer } from './balancer';
import type { Base } from './base';
import { Cdn } from './cdn';
import { PublicCertificate } from './certificate';
import { Domain } from './domain';
import type { Doors } from './doors';
import type { Network } from './network';
import { PublicAddress } from './public-address';
import type { Ready } from './server-groups';

/** The load balancer, where servers are alike; it exists before them, since they report to it. */
export function balancerOf(
  { account, settings }: Base,
  network: Network,
  { balancer: securityGroup }: Doors,
  opts: pulumi.ComponentResourceOptions,
): Balancer | undefined {
  if (!securityGroup) return undefined;
  const { aws, domain, gateway } = settings;
  return new Balancer(
    'balancer',
    {
      account,
      securityGroup,
      idleSeconds: balancerIdleSeconds,
      logDays,
      vpc: network.vpc,
      subnets: network.subnets('public'),
      network,
      ports: gatewayPorts,
      certificate: aws.certificate ?? issued(domain, zoneOf(aws), opts),
      // What one address may send to one server, to all of them.
      requests: gateway.limits.perSecond * 300,
    },
    opts,
  );
}

/** Leads people to what is ready, and not before. Returns what DNS records lead to, whoever writes them. */
export function openEntrance(
  { account, settings: { aws, domain, gateway } }: Base,
  front: Ready,
  balancer: Balancer | undefined,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Output<string> {
  const address = balancer ? once(front, balancer.address.name) : addressOf(front, opts);
  const entrance = balancer
    ? { balancer: { name: address, zone: balancer.address.zone } }
    : { address };
  if (aws.dnsZone !== undefined) {
    new Domain('domain', { domain, zone: aws.dnsZone, entrance }, opts);
  }
  if (aws.cdn) {
    const { origins, credentials } = gateway.cors;
    const origin = once(front, pulumi.output(domain));
    new Cdn(
      'cdn',
      {
        account,
        host: `${cdnSubdomain}.${domain}`,
        zone: zoneOf(aws),
        origin,
        origins,
        credentials,
      },
      opts,
    );
  }
  return address;
}

function addressOf(front: Ready, opts: pulumi.ComponentResourceOptions): pulumi.Output<string> {
  if (!front.id) throw new Error('several servers behind one address');
  return new PublicAddress('entrance', { instance: once(front, front.id) }, opts).address;
}

/** The value once the servers are ready: a component waits for nobody, but for what it is given. */
function once({ resource }: Ready, value: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.all([value, resource.urn]).apply(([known]) => known);
}

function zoneOf({ dnsZone }: AwsSettings): string {
  if (dnsZone === undefined)
    throw new Error('no certificate and no zone: the settings refuse that');
  return dnsZone;
}

function issued(
  domain: string,
  zone: string,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Output<string> {
  return new PublicCertificate('certificate', { domain, below: true, zone }, opts).arn;
}
