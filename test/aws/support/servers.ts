import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { Operations } from '../../support/aws/stand-in';
import { region, type CloudStack } from './stack';

/**
 * A stand-in for what moto does not know of servers: each listens for commands as soon as it is there and answers the
 * balancer, and no group is being refreshed.
 */
export function servers(stack: () => CloudStack): Operations {
  return {
    DescribeInstanceInformation: ({ Filters }) => {
      const [{ Values: ids } = { Values: [] }] = Filters as { Values: string[] }[];
      return {
        InstanceInformationList: ids.map((id) => ({ InstanceId: id, PingStatus: 'Online' })),
      };
    },
    DescribeInstanceRefreshes: () => ({ InstanceRefreshes: [] }),
    DescribeTargetHealth: async () => {
      const { moto, credentials } = stack();
      const scaling = new AutoScaling({ region, credentials, endpoint: moto.endpoint });
      const { AutoScalingGroups = [] } = await scaling.describeAutoScalingGroups({});
      const ids = AutoScalingGroups.flatMap(({ Instances = [] }) => Instances);
      return {
        TargetHealthDescriptions: ids.map(({ InstanceId }) => ({
          Target: { Id: InstanceId },
          TargetHealth: { State: 'healthy' },
        })),
      };
    },
  };
}
