import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { randomUUID } from 'node:crypto';
import { planOf } from '../../../components/plan';
import { presetNames } from '../../../components/settings/names';
import { Refusal, type Operations, type Values } from '../../support/aws/stand-in';
import { settingsOf } from '../../support/platform';
import { region, type CloudStack } from './stack';

/** All that may stand on a server, whatever the preset. */
const services = presetNames.flatMap((preset) => {
  const settings = settingsOf({ target: 'aws', preset, domain: 'example.org' });
  return ['database', ...planOf(settings).services.map(({ name }) => name)];
});

/**
 * A stand-in for what moto does not know of servers: each listens for commands as soon as it is there, has done them at
 * once and says that all is well, answers the balancer, and no group is being refreshed.
 */
export class Servers {
  /** The image that Canonical names; the lab's when there is none. */
  image: string | undefined;

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
    DescribeInstanceRefreshes: () => ({ InstanceRefreshes: [] }),
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
