import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { Rollout } from '../../../provider/sdk-aws';
import { sideBySide } from '../../tiers/placement';
import { metadataOptions, rootDisk, startedFrom } from './machine';
import { readyHook, scalingGroup, stackName } from './naming';
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

/** From its start until it is healthy: it has packages to install, and images to pull and build. */
const bootSeconds = 1800;
/** From then until the balancer has asked it: before that its silence is no failure, and no old one goes for it. */
const warmUpSeconds = 120;
const rolloutSeconds = 5400;

/** A new server is not in service before it has said that it is healthy, and ended when it does not. */
const readiness = {
  name: readyHook,
  lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  heartbeatTimeout: bootSeconds,
  defaultResult: 'ABANDON',
} as const;

/**
 * Like servers behind the balancer, over all zones. One that fails is replaced. Another release replaces all of them: a
 * new one says itself that it is healthy, by a lifecycle hook, before the balancer gets it and an old one goes; when it
 * does not say so in time, AWS ends it and goes back to what ran before, and the deployment fails.
 *
 * **Cost**: each instance by the hour with 40 GB of disk; twice as many while a release is rolled out.
 *
 * @example
 * new ScaledServers('app', {
 *   ...machine, count: 3, subnets, userData, targets: balancer.targets, tags,
 * }, { parent })
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
        imageId: startedFrom(name, args, parent),
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
      parent,
    );
    const group = new aws.autoscaling.Group(
      name,
      {
        name: scalingGroup(args.group),
        minSize: args.count,
        desiredCapacity: args.count,
        // Room for new ones beside the old.
        maxSize: args.count * sideBySide,
        vpcZoneIdentifiers: [...args.subnets],
        targetGroupArns: [args.targets],
        healthCheckType: 'ELB',
        healthCheckGracePeriod: warmUpSeconds,
        defaultInstanceWarmup: warmUpSeconds,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        waitForCapacityTimeout: '0',
        // From its first server on. A change of the hook is for the hook's own resource, and makes no other group.
        initialLifecycleHooks: [readiness],
      },
      // The rollout changes it, once the new version has proved itself.
      {
        ...parent,
        dependsOn: [args.network, ...args.after],
        ignoreChanges: ['launchTemplate', 'desiredCapacity', 'initialLifecycleHooks'],
      },
    );
    const hook = new aws.autoscaling.LifecycleHook(
      name,
      { ...readiness, autoscalingGroupName: group.name },
      parent,
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
      { ...parent, dependsOn: [hook, ...args.after] },
    );
    this.registerOutputs({});
  }
}
