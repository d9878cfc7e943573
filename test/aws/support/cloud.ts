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

  async detach(volume: string, server: string): Promise<void> {
    await this.ec2.detachVolume({ VolumeId: volume, InstanceId: server });
  }

  /** Takes away each rule by which the internet comes in; says how many. */
  async shut(): Promise<number> {
    const open = await this.open();
    for (const { GroupId, SecurityGroupRuleId = '' } of open) {
      await this.ec2.revokeSecurityGroupIngress({
        GroupId,
        SecurityGroupRuleIds: [SecurityGroupRuleId],
      });
    }
    return open.length;
  }

  /** The rules by which the internet comes in. */
  async open() {
    const { SecurityGroupRules = [] } = await this.ec2.describeSecurityGroupRules({});
    return SecurityGroupRules.filter((rule) => !rule.IsEgress && rule.CidrIpv4 === '0.0.0.0/0');
  }

  /** Whatever of a stack's is there and costs or keeps something, but for networks that AWS makes for every account. */
  async rest(): Promise<string[]> {
    const [servers, volumes, networks, addresses] = await Promise.all([
      this.servers(),
      this.ec2.describeVolumes({}),
      this.ec2.describeVpcs({}),
      this.ec2.describeAddresses({}),
    ]);
    return [
      ...servers.map(({ InstanceId = '' }) => InstanceId),
      ...(volumes.Volumes ?? []).map(({ VolumeId = '' }) => VolumeId),
      ...(networks.Vpcs ?? []).flatMap(({ VpcId = '', IsDefault }) => (IsDefault ? [] : [VpcId])),
      ...(addresses.Addresses ?? []).map(({ AllocationId = '' }) => AllocationId),
    ];
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
