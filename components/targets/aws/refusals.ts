import type { Service } from '../../services/service';
import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey, showText } from '../../settings/show';
import { containerRefusals } from '../container-refusals';
import { gatewayPorts } from './constants';

/** What cannot run on servers of AWS. */
export function refusals(settings: Settings, services: readonly Service[]): Problem[] {
  return [
    ...containerRefusals(settings, services),
    ...unnamed(settings),
    ...notBuilt(settings),
    ...shards(settings),
    ...openPorts(settings),
    ...cutOff(settings),
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

function notBuilt({ aws }: Settings): Problem[] {
  return (['database', 'cache'] as const).flatMap((key): Problem[] => {
    if (aws[key] === 'vm') return [];
    return [
      {
        key: showKey(['aws', key]),
        reason: 'names a managed service that is not built yet',
        received: showText(aws[key]),
        allowed: 'so far vm',
      },
    ];
  });
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
