import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { Refusal, type Operations } from '../../support/aws/stand-in';
import { region, type CloudStack } from './stack';

/**
 * A stand-in for what moto does not know of servers: each listens for commands as soon as it is there and answers
 * the balancer, and no group is being refreshed.
 */
export class Servers {
  /** The image that Canonical names; the lab's when there is none. */
  image: string | undefined;

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
    DescribeInstanceRefreshes: () => ({ InstanceRefreshes: [] }),
    DescribeTargetHealth: async () => ({
      TargetHealthDescriptions: (await this.scaled()).map((Id) => ({
        Target: { Id },
        TargetHealth: { State: 'healthy' },
      })),
    }),
  };

  /** The servers of the scaling group. */
  private async scaled(): Promise<string[]> {
    const { AutoScalingGroups = [] } = await this.scaling.describeAutoScalingGroups({});
    const servers = AutoScalingGroups.flatMap(({ Instances = [] }) => Instances);
    return servers.map(({ InstanceId }) => InstanceId ?? '');
  }

  private get scaling(): AutoScaling {
    const { moto, credentials } = this.stack();
    return new AutoScaling({ region, credentials, endpoint: moto.endpoint });
  }
}
