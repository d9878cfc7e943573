import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { Refusal, type Operations, type Values } from '../../support/aws/stand-in';
import { region, type CloudStack } from './stack';

/**
 * A stand-in for what moto does not know of servers: each listens for commands as soon as it is there, runs them at once and
 * answers the balancer; a refresh of a group replaces its servers at once.
 */
export class Servers {
  /** Whether a release comes up on a server. */
  wellReleased = true;
  /** The image that Canonical names; the lab's when there is none. */
  image: string | undefined;
  private refreshes: Values[] = [];

  constructor(private readonly stack: () => CloudStack) {}

  readonly operations: Operations = {
    GetParameter: ({ Name }) => {
      if (this.image === undefined) throw new Refusal('ParameterNotFound', String(Name));
      return { Parameter: { Name, Type: 'String', Value: this.image, Version: 1 } };
    },
    DescribeInstanceInformation: ({ Filters }) => {
      const [{ Values: ids } = { Values: [] }] = Filters as { Values: string[] }[];
      return {
        InstanceInformationList: ids.map((id) => ({ InstanceId: id, PingStatus: 'Online' })),
      };
    },
    GetCommandInvocation: ({ CommandId, InstanceId }) => {
      const Status = this.wellReleased ? 'Success' : 'Failed';
      return {
        ...{ CommandId, InstanceId, Status, StatusDetails: Status },
        ResponseCode: this.wellReleased ? 0 : 1,
        StandardOutputContent: '',
        StandardErrorContent: this.wellReleased ? '' : 'release failed',
      };
    },
    StartInstanceRefresh: async ({ AutoScalingGroupName, DesiredConfiguration }) => {
      const InstanceRefreshId = `refresh-${this.refreshes.length}`;
      const { LaunchTemplate } = DesiredConfiguration as { LaunchTemplate: Values };
      const group = { AutoScalingGroupName: String(AutoScalingGroupName) };
      await this.scaling.updateAutoScalingGroup({ ...group, LaunchTemplate });
      for (const InstanceId of await this.scaled()) {
        const going = { InstanceId, ShouldDecrementDesiredCapacity: false };
        await this.scaling.terminateInstanceInAutoScalingGroup(going);
      }
      this.refreshes.unshift({ InstanceRefreshId, Status: 'Successful', DesiredConfiguration });
      return { InstanceRefreshId };
    },
    DescribeInstanceRefreshes: () => ({ InstanceRefreshes: this.refreshes }),
    DescribeTargetHealth: async () => ({
      TargetHealthDescriptions: (await this.scaled()).map((Id) => ({
        Target: { Id },
        TargetHealth: { State: 'healthy' },
      })),
    }),
  };

  /** How often servers were replaced for a release. */
  get refreshed(): number {
    return this.refreshes.length;
  }

  /** The servers of the scaling group. */
  async scaled(): Promise<string[]> {
    const { AutoScalingGroups = [] } = await this.scaling.describeAutoScalingGroups({});
    const servers = AutoScalingGroups.flatMap(({ Instances = [] }) => Instances);
    return servers.map(({ InstanceId }) => InstanceId ?? '');
  }

  private get scaling(): AutoScaling {
    const { moto, credentials } = this.stack();
    return new AutoScaling({ region, credentials, endpoint: moto.endpoint });
  }
}
