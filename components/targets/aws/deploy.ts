import { ebs } from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { linked } from '../../links/linked';
import { linkPort } from '../../links/names';
import { ledToCache } from '../../links/way-to-cache';
import { natOf, zonesOf } from '../../settings/aws';
import { hasManagedDatabase } from '../../settings/aws-database';
import { publicEndpoints } from '../endpoints';
import { loopback } from '../addresses';
import type { Address, Deployed, Deployment, Placed, ServerGroup } from '../target';
import { addressOf } from './addresses';
import { Alarms } from './alarms/alarms';
import { Backup } from './backup';
import type { Base } from './base';
import { releases } from './bucket';
import { databasePort, gatewayPorts, logDays, managedDatabasePort } from './constants';
import type { DataBucket } from './data-bucket';
import { foundAt } from './database';
import { Doors } from './doors';
import { Endpoints } from './endpoints';
import { balancerOf, openEntrance } from './entrance';
import { machineImage } from './machine';
import { hasDatabase, managedDoors, managedOf, placedAtAws, type Managed } from './managed';
import type { ManagedDatabase } from './managed-database';
import { Network } from './network';
import { places } from './places';
import { servers, type Ready, type Surroundings } from './server-groups';

/**
 * The network, then each group of servers after those that it finds services on, then the names that lead people to
 * what is ready.
 */
export function deploy(
  base: Base,
  buckets: readonly DataBucket[],
  deployment: Deployment,
  { parent }: { readonly parent: pulumi.Resource },
): Deployed {
  const { settings, account, key } = base;
  const { aws } = settings;
  const own = { parent, providers: [base.provider] };
  const network = new Network(
    'network',
    {
      account,
      key,
      logDays,
      cidr: aws.network,
      zones: zonesOf(aws),
      nat: natOf(settings),
    },
    own,
  );
  const placed = hasManagedDatabase(settings)
    ? withoutDatabase(deployment.groups)
    : deployment.groups;
  const groups = linked(
    ledToCache(placed, settings),
    (name) => addressOf(aws.network, name),
    settings,
  );
  const front = deployment.groups.find(hasGateway);
  if (!front) throw new Error('a deployment without a gateway');
  const doors = new Doors(
    'doors',
    {
      vpc: network.vpc,
      groups,
      front: front.name,
      ports: { ...gatewayPorts, links: linkPort },
      managed: managedDoors(settings, deployment.groups),
    },
    own,
  );
  const managed = managedOf(base, network, doors, deployment, own);
  const { database, cache } = managed;
  if (aws.endpoints.length > 0) {
    new Endpoints(
      'endpoints',
      {
        account,
        vpc: network.vpc,
        subnets: network.subnets('private'),
        callers: Object.fromEntries(groups.map(({ name }) => [name, doors.group(name)])),
        services: aws.endpoints,
      },
      own,
    );
  }
  const balancer = balancerOf(base, network, doors, own);
  const around: Surroundings = {
    network,
    doors,
    balancer,
    image: machineImage(aws.image, { parent, provider: base.provider }),
    releases: releases('releases', key, own),
    ...(database && { database: foundAt(database, aws.region) }),
    ...(cache && { cache: cache.host }),
    opened: buckets.map((bucket) => bucket.open(network.vpc, { parent, provider: base.provider })),
    retired: database ? retired(deployment) : {},
  };
  const ready = groups.reduce<Ready[]>(
    (before, group) => [...before, servers(base, around, deployment, group, before, own)],
    [],
  );
  const opened = ready.find(({ group }) => group.name === front.name);
  if (!opened) throw new Error(`group ${front.name} has no server`);
  const entrance = openEntrance(base, opened, balancer, own);
  const { topics } = new Alarms(
    'alarms',
    {
      account,
      key,
      monitoring: settings.monitoring,
      secret: (config) => deployment.secret()({ config }),
      servers: Object.fromEntries(
        ready.flatMap(({ group: { name }, id }) =>
          id ? [[name, { id, instanceType: aws.instanceTypes[name] }]] : [],
        ),
      ),
      ...(balancer && { balancer: balancer.metrics }),
      ...managed.watched,
    },
    own,
  );
  new Backup(
    'backup',
    {
      account,
      key,
      vault: base.vault,
      ...(aws.backup.enabled && { days: aws.backup.days }),
      // What AWS runs itself, a database or a bucket, has backups or versions of its own.
      volumes: Object.values(deployment.volumes)
        .filter(({ resource }) => ebs.Volume.isInstance(resource))
        .map(({ location }) => location),
      topic: topics.warning,
    },
    own,
  );
  return {
    reach: reachOf(ready, aws.region, database),
    entrance,
    placed: deployment.groups.flatMap((group, at) => placedOn(group, ready[at], base, managed)),
  };
}

function hasGateway({ services }: ServerGroup): boolean {
  return services.some(({ name }) => name === 'gateway');
}

/** The volume of a database that is used no longer stays where it was. */
function retired({ groups, volumes: { database } }: Deployment): Surroundings['retired'] {
  const home = groups.find(hasDatabase);
  return home && database ? { [home.name]: { database } } : {};
}

/** A group that has it as something else: what it leaves behind is as it was. */
function withoutDatabase(groups: readonly ServerGroup[]): ServerGroup[] {
  return groups.map((group) => ({
    ...group,
    services: group.services.filter(({ name }) => name !== 'database'),
  }));
}

/** Through a session of Systems Manager to the server that the database stands on, or is filled from. */
function reachOf(
  ready: readonly Ready[],
  region: string,
  database: ManagedDatabase | undefined,
): pulumi.Output<Address> {
  const id = ready.find(({ group }) => group.services.some(({ name }) => name === 'schema'))?.id;
  if (!id) throw new Error('a deployment whose database nobody fills');
  return pulumi.all([id, database?.host]).apply(([server, host]): Address => ({
    host: host ?? loopback,
    port: host === undefined ? databasePort : managedDatabasePort,
    parameters: { sslmode: 'require', reach: `ssm://${server}?region=${region}` },
  }));
}

/** What a tier placed, on servers or as what AWS runs; the links beside it are no service of anybody's. */
function placedOn(
  { name, count, services }: ServerGroup,
  made: Ready | undefined,
  { settings }: Base,
  managed: Managed,
): Placed[] {
  if (!made) throw new Error(`group ${name} has no server`);
  const here = { resource: made.resource, where: places.servers(name, count) };
  const atAws = placedAtAws(managed);
  return services.map((service) => ({
    name: service.name,
    kind: service.name === 'database' ? 'database' : service.kind,
    ...(atAws[service.name] ?? here),
    endpoints: service.kind === 'workload' ? publicEndpoints(settings, service) : {},
  }));
}
