import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { EC2 } from '@aws-sdk/client-ec2';
import { randomUUID } from 'node:crypto';
import { planOf } from '../../../components/plan';
import { presetNames } from '../../../components/settings/names';
import { Refusal, type Operations, type Values } from '../../support/aws/stand-in';
import { settingsOf } from '../../support/platform';
import { region, type CloudStack } from './stack';

interface Desired {
  readonly LaunchTemplate: { readonly LaunchTemplateId: string; readonly Version: string };
}

/** All that may stand on a server, whatever the preset. */
const services = presetNames.flatMap((preset) => {
  const settings = settingsOf({ target: 'aws', preset, domain: 'example.org' });
  return ['database', ...planOf(settings).services.map(({ name }) => name)];
});

/**
 * A stand-in for what moto does not know of servers: each listens for commands as soon as it is there, has done them at
 * once and says that all is well, answers the balancer, and a group is refreshed at once.
 */
export class Servers {
  /** The image that Canonical names; the lab's when there is none. */
  image: string | undefined;
  /** Versions that groups were refreshed to. */
  readonly refreshed: string[] = [];

  /** Server → the release that was applied on it last. */
  private readonly applied = new Map<string, string>();

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
    SendCommand: ({ InstanceIds, Parameters }) => {
      const [server = ''] = InstanceIds as string[];
      const { commands } = Parameters as { commands: string[] };
      const release = / apply (\S+) 2>&1/.exec(commands.at(-1) ?? '')?.[1];
      if (release !== undefined) this.applied.set(server, release);
      return { Command: { CommandId: randomUUID(), Status: 'Pending' } };
    },
    ListCommands: () => ({ Commands: [] }),
    GetCommandInvocation: ({ CommandId, InstanceId }) => ({
      ...{ CommandId, InstanceId, Status: 'Success', ResponseCode: 0 },
      StandardOutputContent: JSON.stringify(this.status(String(InstanceId))),
    }),
    StartInstanceRefresh: async ({ AutoScalingGroupName: group, DesiredConfiguration }) => {
      await this.refresh(String(group), (DesiredConfiguration as Desired).LaunchTemplate);
      return { InstanceRefreshId: `refresh-${String(this.refreshed.length)}` };
    },
    DescribeInstanceRefreshes: ({ InstanceRefreshIds = [] }) => ({
      InstanceRefreshes: (InstanceRefreshIds as string[]).map((InstanceRefreshId) => ({
        InstanceRefreshId,
        Status: 'Successful',
      })),
    }),
    DescribeTargetHealth: async () => ({
      TargetHealthDescriptions: (await this.scaled()).map((Id) => ({
        Target: { Id },
        TargetHealth: { State: 'healthy' },
      })),
    }),
  };

  /** What a server says of itself. */
  private status(server: string): Values {
    const well = { well: true, state: 'running (healthy)' };
    return {
      applied: this.applied.get(server) ?? null,
      services: Object.fromEntries(services.map((name) => [name, well])),
    };
  }

  /** moto's servers are always of the template's default version. */
  private async refresh(
    group: string,
    { LaunchTemplateId, Version }: Desired['LaunchTemplate'],
  ): Promise<void> {
    const { moto, credentials } = this.stack();
    const ec2 = new EC2({ region, credentials, endpoint: moto.endpoint });
    await ec2.modifyLaunchTemplate({ LaunchTemplateId, DefaultVersion: Version });
    await this.scaling.updateAutoScalingGroup({
      AutoScalingGroupName: group,
      LaunchTemplate: { LaunchTemplateId, Version },
    });
    this.refreshed.push(Version);
  }

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
