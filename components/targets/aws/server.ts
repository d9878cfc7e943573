import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { Command } from '../../../provider/sdk-aws';
import { names } from '../../data/names';
import type { VolumeContent } from '../../services/service';
import type { DataVolume, DataVolumes, ServerGroup } from '../target';
import { metadataOptions, rootDisk, startedFrom, type MachineImage } from './machine';
import { stackName } from './naming';

/** What a server of either kind is started with. */
export interface MachineArgs {
  readonly group: ServerGroup['name'];
  readonly region: string;
  readonly instanceType: string;
  readonly image: MachineImage;
  readonly securityGroup: pulumi.Input<string>;
  /** Name of the instance profile. */
  readonly profile: pulumi.Input<string>;
  /** Version of the manifest of what it runs. */
  readonly release: pulumi.Input<string>;
  /** The way out: without it a new server finds neither its packages nor its release. */
  readonly network: pulumi.Resource;
  /** What has to be there before any of its services starts. */
  readonly after: readonly pulumi.Resource[];
}

export interface ServerArgs extends MachineArgs {
  readonly subnet: pulumi.Input<string>;
  /** Its address inside, the same for each server that takes its place. */
  readonly address: string;
  readonly userData: pulumi.Input<string>;
  /** What stays when the server goes. */
  readonly volumes: DataVolumes;
  /** What it has besides and does not mount. */
  readonly retired: DataVolumes;
  /** GB of each of `volumes`. */
  readonly sizes: Readonly<Record<string, string>>;
  /** Of resources that another server may take over. */
  readonly outside: pulumi.CustomResourceOptions;
}

/** Letters of devices, the same on each server: a volume that moves beside others is in nobody's place. */
const devices: Readonly<Record<VolumeContent, string>> = {
  database: 'f',
  queue: 'g',
  storage: 'h',
  exports: 'i',
  metrics: 'j',
  alerts: 'k',
  logs: 'l',
  traces: 'm',
  certificates: 'n',
  pooler: 'o',
  signatures: 'p',
};

const applySeconds = 1800;

/** Systems Manager's agent listens before a new server has its packages. 2: cloud-init has mended something itself. */
const apply =
  'cloud-init status --wait > /dev/null || [ $? -eq 2 ] || exit 1; exec /usr/local/bin/strata-release apply "$1"';

/**
 * A server that there is once: what is kept is on volumes that outlive it. It is ready when everything that it runs is
 * healthy. Another release is applied in place; for another kind of machine AWS stops the server and starts it again. A
 * server in another's place takes over address and volumes, so nothing answers until it is ready.
 *
 * **Cost**: the instance by the hour, 40 GB of disk.
 *
 * @example
 * new Server('data', {
 *   ...machine, subnet, address: '10.60.0.11', userData, volumes, retired: {}, sizes, outside,
 * }, { parent })
 */
export class Server extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  /** Exists once everything on it is healthy. */
  readonly ready: Command;

  constructor(name: string, args: ServerArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:aws:Server', name, {}, opts);
    const parent = { parent: this };
    const called = stackName(name, 128);
    const instance = new aws.ec2.Instance(
      name,
      {
        ami: startedFrom(name, { ...args, only: called }, parent),
        instanceType: args.instanceType,
        subnetId: args.subnet,
        privateIp: args.address,
        vpcSecurityGroupIds: [args.securityGroup],
        iamInstanceProfile: args.profile,
        metadataOptions,
        rootBlockDevice: {
          ...rootDisk,
          deleteOnTermination: true,
          tags: { Name: called },
        },
        userData: args.userData,
        userDataReplaceOnChange: true,
        tags: { Name: called },
      },
      // The next one has the same address.
      {
        ...parent,
        dependsOn: args.network,
        deleteBeforeReplace: true,
      },
    );
    const attached = [args.volumes, args.retired].flatMap((volumes) =>
      Object.entries(volumes).map(([content, volume]) =>
        attach(content as VolumeContent, volume, instance, volumes === args.volumes, args.outside),
      ),
    );
    this.id = instance.id;
    this.ready = new Command(
      `${name}-release`,
      {
        region: args.region,
        instanceId: instance.id,
        command: ['sh', '-c', apply, 'apply', args.release],
        // Whatever restarts the server, or makes a volume larger, is followed by what it runs.
        triggers: { instanceType: args.instanceType, ...args.sizes },
        timeoutSeconds: applySeconds,
        description: `the release of ${name}`,
      },
      { ...parent, dependsOn: [...attached, ...args.after] },
    );
    this.registerOutputs({ id: this.id });
  }
}

/**
 * Below the tier and named as the volume, so that another server's is the same resource, which moves: it is taken off the
 * one, stopped so that nothing writes any more, before it is given to the other. For one that nobody has mounted no
 * server is stopped.
 */
function attach(
  content: VolumeContent,
  volume: DataVolume,
  instance: aws.ec2.Instance,
  mounted: boolean,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new aws.ec2.VolumeAttachment(
    names.volume(content, 1),
    {
      volumeId: volume.location,
      instanceId: instance.id,
      deviceName: `/dev/sd${devices[content]}`,
      stopInstanceBeforeDetaching: mounted,
    },
    { ...opts, deleteBeforeReplace: true },
  );
}
