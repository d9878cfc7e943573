import type { Service } from '../../services/service';
import { hasManagedCache } from '../../settings/aws';
import { cacheNode } from '../../settings/elasticache';
import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey, showText } from '../../settings/show';
import { bytesOf } from '../../settings/sizes';
import { containerRefusals } from '../container-refusals';
import { cdnSubdomain, gatewayPorts } from './constants';
import { databaseRefusals } from './database-refusals';

/** What cannot run on servers of AWS. */
export function refusals(settings: Settings, services: readonly Service[]): Problem[] {
  return [
    ...containerRefusals(settings, services),
    ...unnamed(settings),
    ...databaseRefusals(settings),
    ...cacheTooSmall(settings),
    ...shards(settings),
    ...openPorts(settings),
    ...cutOff(settings),
    ...(settings.aws.cdn ? cdn(settings, services) : []),
    ...(settings.tier === 'load-balanced' ? balanced(settings) : []),
  ];
}

/** The address of a server is known only once there is one, and certificates are for names. */
function unnamed({ domain }: Settings): Problem[] {
  if (domain.includes('.')) return [];
  return [
    {
      key: showKey(['domain']),
      reason: 'is no name by which people find a server of AWS',
      received: showText(domain),
      advice: 'Give a domain that is yours, such as example.org.',
    },
  ];
}

/** A node has so much memory as its type says, and ElastiCache lets nobody choose another limit. */
function cacheTooSmall(settings: Settings): Problem[] {
  const { type, bytes } = cacheNode(settings);
  const { memory } = settings.redis;
  if (!hasManagedCache(settings) || bytesOf(memory) <= bytes) return [];
  return [
    {
      key: showKey(['redis', 'memory']),
      reason: `is more than a node of ElastiCache takes: ${type} has ${Math.floor(bytes / 1024 ** 2)}M for data`,
      received: showText(memory),
      advice: `Choose a larger node, "${showKey(['aws', 'elasticache', 'nodeType'])}", or less memory.`,
    },
  ];
}

/** The schema is applied from beside the database, by a job that knows this one cluster. */
function shards({ tenancy }: Settings): Problem[] {
  const names = Object.keys(tenancy.shards);
  if (names.length === 0) return [];
  return [
    {
      key: showKey(['tenancy', 'shards']),
      reason: 'cannot be had with target aws so far, which fills one database',
      received: showText(names.join(', ')),
      advice: 'Take them out.',
    },
  ];
}

/** People come in by the entrance alone. */
function openPorts({ gateway, customServices }: Settings): Problem[] {
  const moved = (['http', 'https'] as const).filter(
    (name) => gateway.ports[name] !== gatewayPorts[name],
  );
  const published = Object.entries(customServices).filter(
    ([, given]) => given.publish !== undefined,
  );
  return [
    ...moved.map((name) => ({
      key: showKey(['gateway', 'ports', name]),
      reason: 'is not the port that the entrance of target aws has',
      received: String(gateway.ports[name]),
      allowed: String(gatewayPorts[name]),
    })),
    ...Object.keys(gateway.ports.services).map((name) => ({
      key: showKey(['gateway', 'ports', 'services', name]),
      reason: 'is a port that the entrance of target aws does not have',
      advice:
        'Take it out, or another preset where the preset brings it: the service answers at its route.',
    })),
    ...published.map(([name]) => ({
      key: showKey(['customServices', name, 'publish']),
      reason: 'would open a port, and on target aws people come in by the gateway alone',
      advice: 'Take it out, and give the service a route.',
    })),
  ];
}

/** Servers without a public address could fetch no image. */
function cutOff({ aws, tier }: Settings): Problem[] {
  if (aws.nat !== 'none' || tier === 'single') return [];
  return [
    {
      key: showKey(['aws', 'nat']),
      reason: `would cut servers of tier ${tier} off from where their images are`,
      received: showText('none'),
      allowed: 'one or per-zone',
    },
  ];
}

/** What CloudFront would have nothing for. */
function cdn({ aws, tier }: Settings, services: readonly Service[]): Problem[] {
  const key = showKey(['aws', 'cdn']);
  const reasons = [
    tier !== 'load-balanced' &&
      'needs tier load-balanced: CloudFront speaks to nothing that shows a certificate of our own',
    aws.dnsZone === undefined &&
      `needs "${showKey(['aws', 'dnsZone'])}", in which its certificate is proved`,
    !services.some(showsFiles) && 'has nothing to show: no service keeps files',
  ];
  return reasons
    .filter((reason) => reason !== false)
    .map((reason) => ({
      key,
      reason,
      received: 'true',
      advice: 'Set it to false, or change that.',
    }));
}

function showsFiles(service: Service): boolean {
  return (
    service.kind === 'workload' &&
    Object.values(service.routes).some(({ subdomain }) => subdomain === cdnSubdomain)
  );
}

/** What does not go with several like servers behind a load balancer. */
function balanced(settings: Settings): Problem[] {
  const { aws, gateway } = settings;
  return [
    ...(aws.certificate === undefined && aws.dnsZone === undefined
      ? [
          {
            key: showKey(['aws', 'certificate']),
            reason: 'is missing, which the load balancer shows',
            advice: `Give the ARN of one, or "${showKey(['aws', 'dnsZone'])}", in which one is proved.`,
          },
        ]
      : []),
    ...(gateway.tls.mode === 'local'
      ? []
      : [
          {
            key: showKey(['gateway', 'tls', 'mode']),
            reason: 'is of no use behind a load balancer, which shows a certificate of its own',
            received: showText(gateway.tls.mode),
            allowed: 'local',
          },
        ]),
  ];
}
