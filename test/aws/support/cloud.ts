import { EC2, type Instance, type Tag } from '@aws-sdk/client-ec2';
import { S3 } from '@aws-sdk/client-s3';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../../../engine/root';
import { python } from '../../support/aws/moto';
import { region, type CloudStack } from './stack';

const inventory = path.join(root, 'test/aws/support/inventory.py');

/** What AWS says of a stack, and what somebody does to it by hand. */
export class Cloud {
  private readonly ec2: EC2;
  private readonly s3: S3;

  constructor(private readonly stack: CloudStack) {
    const { moto, credentials } = stack;
    const client = { region, endpoint: moto.endpoint, credentials };
    this.ec2 = new EC2(client);
    this.s3 = new S3({ ...client, forcePathStyle: true });
  }

  /** What the account has: kind → names. */
  inventory(): Record<string, string[]> {
    const env = { ...process.env, ...this.stack.moto.environment };
    const said = execFileSync(python, [inventory], { encoding: 'utf8', env });
    return JSON.parse(said) as Record<string, string[]>;
  }

  /** What there are two of by one name, but for servers of a scaling group. */
  twice(): string[] {
    return Object.entries(this.inventory()).flatMap(([kind, names]) => {
      const again = names.filter((name, at) => name !== '' && names.indexOf(name) < at);
      return again.filter((name) => name !== 'strata-cloud-app').map((name) => `${kind} ${name}`);
    });
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

  /** As hardware that fails, or somebody by hand. */
  async terminate(server: string): Promise<void> {
    await this.ec2.terminateInstances({ InstanceIds: [server] });
  }

  /** Stops a server, takes a door's rule away, gives a volume to another stack, and opens a bucket that forgets. */
  async disarrange({ server, rule, volume, bucket }: Disarranged): Promise<void> {
    await this.ec2.stopInstances({ InstanceIds: [server] });
    const { SecurityGroupRules = [] } = await this.ec2.describeSecurityGroupRules({
      SecurityGroupRuleIds: [rule],
    });
    const GroupId = SecurityGroupRules[0]?.GroupId;
    await this.ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [rule] });
    await this.ec2.createTags({ Resources: [volume], Tags: [{ Key: 'stack', Value: 'other' }] });
    await this.s3.deletePublicAccessBlock({ Bucket: bucket });
    await this.s3.putBucketVersioning({
      Bucket: bucket,
      VersioningConfiguration: { Status: 'Suspended' },
    });
  }

  /** How the same things are; `door` is the rule's security group. */
  async arrangement({ door, volume, bucket }: { door: string; volume: string; bucket: string }) {
    const { SecurityGroupRules: rules = [] } = await this.ec2.describeSecurityGroupRules({
      Filters: [{ Name: 'group-id', Values: [door] }],
    });
    const { Volumes = [] } = await this.ec2.describeVolumes({ VolumeIds: [volume] });
    const block = await this.s3.getPublicAccessBlock({ Bucket: bucket });
    const { Status } = await this.s3.getBucketVersioning({ Bucket: bucket });
    return {
      open: rules
        .filter(({ IsEgress }) => !IsEgress)
        .map(({ FromPort = 0 }) => FromPort)
        .sort((one, other) => one - other),
      stack: Volumes[0]?.Tags?.find(({ Key }) => Key === 'stack')?.Value,
      shut: Object.values(block.PublicAccessBlockConfiguration ?? {}),
      versions: Status,
    };
  }

  private async servers(): Promise<Instance[]> {
    const { Reservations = [] } = await this.ec2.describeInstances({});
    const all = Reservations.flatMap(({ Instances = [] }) => Instances);
    return all.filter(({ State }) => State?.Name !== 'terminated');
  }
}

/** Ids. */
interface Disarranged {
  readonly server: string;
  readonly rule: string;
  readonly volume: string;
  readonly bucket: string;
}

function nameOf(tags: readonly Tag[] | undefined): string | undefined {
  return tags?.find(({ Key }) => Key === 'Name')?.Value?.replace('strata-cloud-', '');
}
