import * as pulumi from '@pulumi/pulumi';
import { image } from '../../services/images';
import type { Service, VolumeContent } from '../../services/service';
import { inside, pooled } from '../addresses';
import type { Addresses, DataVolume, DataVolumes, Deployment, ServerGroup } from '../target';
import { volumeSize } from '../../settings/aws';
import { addressOf } from './addresses';
import type { Balancer } from './balancer';
import type { Base } from './base';
import type { Bucket } from './bucket';
import { databasePort } from './constants';
import type { Doors } from './doors';
import type { MachineImage } from './machine';
import { scalingGroup } from './naming';
import type { Network } from './network';
import { keptContents } from './release/bundle';
import { Release } from './release/release';
import { repositoriesOf } from './repositories';
import { userData } from './release/user-data';
import { ServerRole } from './role';
import { ScaledServers } from './scaled-servers';
import { Server, type MachineArgs } from './server';

/** What servers are put into. */
export interface Surroundings {
  readonly network: Network;
  readonly doors: Doors;
  readonly releases: Bucket;
  readonly balancer: Balancer | undefined;
  readonly image: MachineImage;
  /** Where services find the database, where AWS runs it. */
  readonly database?: Addresses;
  /** Host name of the cache, where AWS runs it. */
  readonly cache?: pulumi.Output<string>;
  /** What lets services into the buckets of what is kept. */
  readonly opened: readonly pulumi.Resource[];
  /** Group → volumes that its server has and nothing there works on. */
  readonly retired: Readonly<Partial<Record<ServerGroup['name'], DataVolumes>>>;
}

/** A group of servers. */
export interface Ready {
  readonly group: ServerGroup;
  /** Exists once everything on them is healthy. */
  readonly resource: pulumi.Resource;
  /** Of the only server; absent where there are several. */
  readonly id?: pulumi.Output<string>;
}

/** The servers of a group and what they run; they start once those of `before` are ready. */
export function servers(
  base: Base,
  around: Surroundings,
  deployment: Deployment,
  group: ServerGroup,
  before: readonly Ready[],
  opts: pulumi.ComponentResourceOptions,
): Ready {
  const { settings, account, key } = base;
  const { aws } = settings;
  const { name } = group;
  const services = group.services.map(reachable);
  const volumes = volumesOf(services, deployment.volumes);
  const bucket = around.releases.bucket;
  const release = new Release(
    name,
    {
      group: name,
      stack: pulumi.getStack(),
      services,
      schemaVersion: deployment.schemaVersion,
      nodeImage: image(settings, 'node'),
      secret: deployment.secret({
        ...(around.database ?? { inside, pooled: pooler(deployment) ? pooled : inside }),
        ...(around.cache && { cache: around.cache }),
      }),
      volumes: Object.fromEntries(
        Object.entries(volumes).map(([content, { location }]) => [content, location]),
      ),
      store: { bucket, keyArn: key, after: [around.releases] },
    },
    opts,
  );
  const role = new ServerRole(
    name,
    {
      account,
      key,
      group: name,
      balanced: group.balanced,
      releases: around.releases.arn,
      secret: release.secretArn,
      repositories: repositoriesOf([
        image(settings, 'node'),
        ...services.flatMap((one) => one.image ?? []),
      ]),
    },
    opts,
  );
  const machine: MachineArgs = {
    group: name,
    region: aws.region,
    instanceType: aws.instanceTypes[name],
    image: around.image,
    securityGroup: around.doors.group(name),
    profile: role.profile,
    release: release.version,
    network: around.network,
    after: [...around.opened, ...before.map(({ resource }) => resource)],
  };
  const start = { region: aws.region, group: name };
  if (group.balanced) {
    const { balancer } = around;
    if (!balancer) throw new Error('like servers without a balancer');
    const scaled = new ScaledServers(
      name,
      {
        ...machine,
        count: group.count,
        subnets: around.network.subnets('private'),
        userData: pulumi
          .all([bucket, release.version])
          .apply(([where, version]) =>
            base64(
              userData({ ...start, bucket: where, version, scalingGroup: scalingGroup(name) }),
            ),
          ),
        targets: balancer.targets,
        tags: base.tags,
      },
      opts,
    );
    return { group, resource: scaled.ready };
  }
  const server = new Server(
    name,
    {
      ...machine,
      subnet: around.network.subnetOf(name),
      address: addressOf(aws.network, name),
      userData: bucket.apply((where) => userData({ ...start, bucket: where })),
      volumes,
      retired: around.retired[name] ?? {},
      sizes: Object.fromEntries(
        keptContents(services).map((content) => [content, String(volumeSize(aws, content))]),
      ),
      outside: { parent: opts.parent, provider: base.provider },
    },
    opts,
  );
  return { group, resource: server.ready, id: server.id };
}

/** The server's loopback address leads to Postgres. */
function reachable(service: Service): Service {
  if (service.kind === 'job' || service.name !== 'database' || service.port === undefined) {
    return service;
  }
  return { ...service, reach: { port: service.port, hostPort: databasePort } };
}

function volumesOf(
  services: readonly Service[],
  volumes: DataVolumes,
): Partial<Record<VolumeContent, DataVolume>> {
  return Object.fromEntries(
    keptContents(services).map((content) => {
      const volume = volumes[content];
      if (!volume) throw new Error(`no volume for ${content}`);
      return [content, volume];
    }),
  );
}

function pooler({ services }: Deployment): boolean {
  return services.some(({ name }) => name === pooled.host);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
