import { EC2, type Instance, type Tag } from '@aws-sdk/client-ec2';
import { region, type CloudStack } from './stack';

/** What AWS says of a stack's servers and disks, and what somebody does to them by hand. */
export class Cloud {
  private readonly ec2: EC2;

  constructor({ moto, credentials }: CloudStack) {
    this.ec2 = new EC2({ region, endpoint: moto.endpoint, credentials });
  }

  /** Volume → the server that has it. */
  async attached(): Promise<Record<string, string | undefined>> {
    const servers = await this.servers();
    const { Volumes = [] } = await this.ec2.describeVolumes({});
    return Object.fromEntries(
      Volumes.filter(({ Tags }) => Tags?.some(({ Key }) => Key === 'service')).map((volume) => {
        const id = volume.Attachments?.[0]?.InstanceId;
        const server = servers.find(({ InstanceId }) => InstanceId === id);
        return [nameOf(volume.Tags) ?? '', nameOf(server?.Tags)];
      }),
    );
  }

  /** Server → its state; those that are gone are not among them, and none may be there twice. */
  async running(): Promise<Record<string, string | undefined>> {
    const servers = await this.servers();
    const names = servers.map(({ Tags }) => nameOf(Tags) ?? '');
    const twice = names.filter((name, at) => name !== 'app' && names.indexOf(name) < at);
    if (twice.length > 0) throw new Error(`twice there: ${twice.join(', ')}`);
    return Object.fromEntries(
      servers.map(({ Tags, State }) => [nameOf(Tags) ?? '', State?.Name] as const),
    );
  }

  async stop(id: string): Promise<void> {
    await this.ec2.stopInstances({ InstanceIds: [id] });
  }

  private async servers(): Promise<Instance[]> {
    const { Reservations = [] } = await this.ec2.describeInstances({});
    const all = Reservations.flatMap(({ Instances = [] }) => Instances);
    return all.filter(({ State }) => State?.Name !== 'terminated');
  }
}

function nameOf(tags: readonly Tag[] | undefined): string | undefined {
  return tags?.find(({ Key }) => Key === 'Name')?.Value?.replace('strata-cloud-', '');
}
