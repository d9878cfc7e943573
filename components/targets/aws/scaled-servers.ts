import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { Rollout } from '../../../provider/sdk-aws';
import { sideBySide } from '../../tiers/placement';
import { metadataOptions, rootDisk } from './machine';
import { stackName } from './naming';
import type { MachineArgs } from './server';

export interface ScaledServersArgs extends MachineArgs {
  /** How many. */
  readonly count: number;
  /** One for each zone. */
  readonly subnets: readonly pulumi.Input<string>[];
  /** Base64. */
  readonly userData: pulumi.Input<string>;
  /** ARN of the balancer's group that they are in. */
  readonly targets: pulumi.Input<string>;
  /** Of the servers and their disks, which AWS makes. */
  readonly tags: Readonly<Record<string, string>>;
}

/** From its start until it has built its images and answers. */
const bootSeconds = 900;
/** So long an old server stays beside a new one, which may still be building its images. */
const warmUpSeconds = 600;
const rolloutSeconds = 5400;

/**
 * Like servers behind the balancer, over all zones. One that fails is replaced. Another release replaces all of them: a
 * new one has to answer before an old one goes, and when it does not, AWS goes back to what ran before and the
 * deployment fails.
 *
 * **Cost**: each instance by the hour with 40 GB of disk; twice as many while a release is rolled out.
 */
export class ScaledServers extends pulumi.ComponentResource {
  /** Exists once as many as are wanted answer the balancer. */
  readonly ready: Rollout;

  constructor(name: string, args: ScaledServersArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:aws:ScaledServers', name, {}, opts);
    const parent = { parent: this };
    const tags = { ...args.tags, Name: stackName(name, 128) };
    const template = new aws.ec2.LaunchTemplate(
      name,
      {
        name: stackName(name, 125),
        imageId: args.image.id,
        instanceType: args.instanceType,
        iamInstanceProfile: { name: args.profile },
        vpcSecurityGroupIds: [args.securityGroup],
        metadataOptions,
        blockDeviceMappings: [
          {
            deviceName: '/dev/sda1',
            ebs: { ...rootDisk, encrypted: 'true', deleteOnTermination: 'true' },
          },
        ],
        userData: args.userData,
        tagSpecifications: ['instance', 'volume', 'network-interface'].map((resourceType) => ({
          resourceType,
          tags,
        })),
      },
      { ...parent, ignoreChanges: args.image.followed ? [] : ['imageId'] },
    );
    const group = new aws.autoscaling.Group(
      name,
      {
        name: stackName(name, 255),
        minSize: args.count,
        desiredCapacity: args.count,
        // Room for new ones beside the old.
        maxSize: args.count * sideBySide,
        vpcZoneIdentifiers: [...args.subnets],
        targetGroupArns: [args.targets],
        healthCheckType: 'ELB',
        healthCheckGracePeriod: bootSeconds,
        defaultInstanceWarmup: warmUpSeconds,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        waitForCapacityTimeout: '0',
      },
      // The rollout changes it, once the new version has proved itself.
      {
        ...parent,
        dependsOn: [args.network, ...args.after],
        ignoreChanges: ['launchTemplate', 'desiredCapacity'],
      },
    );
    this.ready = new Rollout(
      `${name}-rollout`,
      {
        region: args.region,
        group: group.name,
        launchTemplate: template.id,
        version: template.latestVersion,
        targetGroups: [args.targets],
        warmUpSeconds,
        timeoutSeconds: rolloutSeconds,
      },
      { ...parent, dependsOn: [...args.after] },
    );
    this.registerOutputs({});
  }
}
