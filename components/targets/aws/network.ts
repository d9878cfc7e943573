import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';
import { kindOf, subnetsOf, type SubnetKind, type SubnetPlan } from './addresses';
import { flowLog } from './flow-log';
import { stackName } from './naming';
import type { ServerGroup } from '../target';

export interface NetworkArgs {
  readonly account: Account;
  /** Such as `10.60.0.0/16`; of 16 bits. */
  readonly cidr: string;
  /** Two or three; what keeps data stands in the first. */
  readonly zones: readonly string[];
  /** How servers without a public address get out: not at all, through one zone, or each through its own. */
  readonly nat: 'none' | 'one' | 'per-zone';
  /** ARN of the key that encrypts the flow log. */
  readonly key: pulumi.Input<string>;
  /** How long the flow log is kept. */
  readonly logDays: number;
}

interface Made {
  readonly plan: SubnetPlan;
  readonly subnet: aws.ec2.Subnet;
}

/**
 * The network of a deployment: public, private and isolated subnets in each zone, and two in the first zone for servers
 * with an address of their own. It is the same in every tier, so a tier's change moves no server that stays.
 *
 * **Cost**: NAT gateways by the hour and by what goes through them; what goes to S3 does not.
 *
 * @example new Network('network', { account, cidr: '10.60.0.0/16', zones, nat: 'one', key, logDays: 30 }, { parent })
 */
export class Network extends pulumi.ComponentResource {
  readonly vpc: pulumi.Output<string>;
  private readonly made: readonly Made[];

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Network', name, {}, opts);
    const parent = { parent: this };
    const { account, cidr, zones } = args;
    const vpc = new aws.ec2.Vpc(
      name,
      { cidrBlock: cidr, enableDnsHostnames: true, tags: named('network') },
      parent,
    );
    const internet = new aws.ec2.InternetGateway(
      name,
      { vpcId: vpc.id, tags: named('network') },
      parent,
    );
    this.vpc = vpc.id;
    this.made = subnetsOf(cidr, zones).map((plan) => ({
      plan,
      subnet: new aws.ec2.Subnet(
        `${name}-${plan.name}`,
        {
          vpcId: vpc.id,
          availabilityZone: plan.zone,
          cidrBlock: plan.cidr,
          // Such a server gets its lasting address once it runs, and must get out before that.
          mapPublicIpOnLaunch: plan.fixed && plan.kind === 'public',
          tags: named(plan.name),
        },
        parent,
      ),
    }));

    const out = this.table(`${name}-public`, 'public');
    this.associate(name, out, ({ kind }) => kind === 'public');
    new aws.ec2.Route(
      `${name}-public`,
      { routeTableId: out.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: internet.id },
      parent,
    );
    const gateways = this.natGateways(name, args, internet);
    const inner = zones.map((zone) => {
      const table = this.table(`${name}-private-${zone}`, `private-${zone}`);
      this.associate(name, table, (plan) => plan.kind === 'private' && plan.zone === zone);
      const gateway = gateways[zone] ?? gateways[zones[0] ?? ''];
      if (gateway) {
        new aws.ec2.Route(
          `${name}-private-${zone}`,
          { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: gateway.id },
          parent,
        );
      }
      return table;
    });
    this.associate(name, this.table(`${name}-isolated`, 'isolated'), isIsolated);
    new aws.ec2.VpcEndpoint(
      `${name}-s3`,
      {
        vpcId: vpc.id,
        serviceName: `com.amazonaws.${account.region}.s3`,
        vpcEndpointType: 'Gateway',
        routeTableIds: [out, ...inner].map(({ id }) => id),
        tags: named('s3'),
      },
      parent,
    );
    const log = { account, vpc: vpc.id, key: args.key, days: args.logDays };
    flowLog(`${name}-flow`, log, parent);
    this.registerOutputs({ vpc: this.vpc });
  }

  /** The subnets of a kind, one for each zone. */
  subnets(kind: SubnetKind): pulumi.Output<string>[] {
    return this.made
      .filter(({ plan }) => plan.kind === kind && !plan.fixed)
      .map(({ subnet }) => subnet.id);
  }

  /** The subnet of a group's single server, where its address (`addressOf`) is. */
  subnetOf(group: ServerGroup['name']): pulumi.Output<string> {
    const found = this.made.find(({ plan }) => plan.fixed && plan.kind === kindOf(group));
    if (!found) throw new Error(`no subnet for the server of ${group}`);
    return found.subnet.id;
  }

  private table(name: string, called: string): aws.ec2.RouteTable {
    const args = { vpcId: this.vpc, tags: named(called) };
    return new aws.ec2.RouteTable(name, args, { parent: this });
  }

  private associate(
    name: string,
    { id }: aws.ec2.RouteTable,
    belongs: (plan: SubnetPlan) => boolean,
  ): void {
    for (const { plan, subnet } of this.made.filter((made) => belongs(made.plan))) {
      new aws.ec2.RouteTableAssociation(
        `${name}-${plan.name}`,
        { routeTableId: id, subnetId: subnet.id },
        { parent: this },
      );
    }
  }

  /** By zone. */
  private natGateways(
    name: string,
    { nat, zones }: NetworkArgs,
    internet: aws.ec2.InternetGateway,
  ): Readonly<Record<string, aws.ec2.NatGateway>> {
    const count = { none: 0, one: 1, 'per-zone': zones.length }[nat];
    const stands = this.made.filter(({ plan }) => plan.kind === 'public' && !plan.fixed);
    return Object.fromEntries(
      stands.slice(0, count).map(({ plan: { zone }, subnet }) => {
        const args = { domain: 'vpc', tags: named(`nat-${zone}`) };
        const address = new aws.ec2.Eip(`${name}-nat-${zone}`, args, { parent: this });
        const gateway = new aws.ec2.NatGateway(
          `${name}-nat-${zone}`,
          { allocationId: address.id, subnetId: subnet.id, tags: named(`nat-${zone}`) },
          // It cannot come up in a network that has no way out.
          { parent: this, dependsOn: internet },
        );
        return [zone, gateway];
      }),
    );
  }
}

function isIsolated({ kind }: SubnetPlan): boolean {
  return kind === 'isolated';
}

/** How the console calls what has no name of its own. */
function named(part: string): { Name: string } {
  return { Name: stackName(part, 128) };
}
