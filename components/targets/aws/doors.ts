import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { stackName } from './naming';
import type { ServerGroup } from '../target';

type GroupName = ServerGroup['name'];

export interface DoorsArgs {
  readonly vpc: pulumi.Input<string>;
  /** In the order in which they are deployed: each may ask those before it. */
  readonly groups: readonly Pick<ServerGroup, 'name' | 'balanced'>[];
  /** The group that has the gateway. */
  readonly front: GroupName;
  readonly ports: {
    /** The gateway's, on its server. */
    readonly http: number;
    readonly https: number;
    /** Where a server lets in those that have a link to it. */
    readonly links: number;
  };
  /** What AWS runs for the platform → its port, and the groups that may ask there. */
  readonly managed?: Readonly<
    Record<string, { readonly port: number; readonly callers: readonly GroupName[] }>
  >;
}

const everywhere = '0.0.0.0/0';

/**
 * Who may open a connection to whom. From the internet one comes to the gateway only, or to the balancer in front of
 * it; between servers there are links and nothing else. Nobody logs in to a server over the network.
 *
 * Servers may call whom they like: functions, mail, backups and shards of the database have addresses and ports that
 * only their config knows.
 *
 * **Cost**: nothing.
 *
 * @example
 * new Doors('doors', {
 *   vpc: network.vpc, groups, front: 'app', ports: { http: 8080, https: 8443, links: 9443 },
 * }, { parent })
 */
export class Doors extends pulumi.ComponentResource {
  /** The balancer's security group, where there is one. */
  readonly balancer: pulumi.Output<string> | undefined;
  /** Group → its servers' security group. */
  readonly groups: Readonly<Partial<Record<GroupName, pulumi.Output<string>>>>;
  /** What AWS runs → its security group. */
  private readonly managed: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: DoorsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Doors', name, {}, opts);
    const { groups, front, ports, managed = {} } = args;
    this.groups = Object.fromEntries(
      groups.map((group) => [group.name, this.door(name, group.name, args.vpc)]),
    );
    for (const group of groups) this.out(name, group.name);
    this.links(name, groups, ports.links);
    this.managed = Object.fromEntries(
      Object.entries(managed).map(([part, { port, callers }]) => [
        part,
        this.asked(name, part, port, callers, args.vpc),
      ]),
    );
    const balanced = groups.some((group) => group.name === front && group.balanced);
    this.balancer = balanced ? this.door(name, 'balancer', args.vpc) : undefined;
    if (this.balancer) this.behind(name, this.balancer, front, ports);
    else this.open(name, this.group(front), front, ports);
    this.registerOutputs({ balancer: this.balancer, groups: this.groups });
  }

  /** The security group of a group's servers. */
  group(name: GroupName): pulumi.Output<string> {
    const door = this.groups[name];
    if (!door) throw new Error(`there is no group ${name}`);
    return door;
  }

  /** The security group of what AWS runs for the platform. */
  ofManaged(part: string): pulumi.Output<string> {
    const door = this.managed[part];
    if (!door) throw new Error(`AWS runs no ${part}`);
    return door;
  }

  private door(name: string, part: string, vpc: pulumi.Input<string>): pulumi.Output<string> {
    const args = {
      name: stackName(part, 255),
      description: `What may come to ${part}, and where it may go.`,
      vpcId: vpc,
      tags: { Name: stackName(part, 128) },
    };
    return new aws.ec2.SecurityGroup(`${name}-${part}`, args, { parent: this }).id;
  }

  private out(name: string, group: GroupName): void {
    const to = { cidrIpv4: everywhere, ipProtocol: '-1' };
    this.leave(`${name}-${group}-to-everybody`, this.group(group), 'Whom the config names', to);
  }

  private links(name: string, groups: DoorsArgs['groups'], port: number): void {
    for (const [index, { name: asked }] of groups.entries()) {
      for (const { name: caller } of groups.slice(index + 1)) {
        const from = { referencedSecurityGroupId: this.group(caller), ...tcp(port) };
        this.enter(`${name}-${asked}-from-${caller}`, this.group(asked), 'Links', from);
      }
    }
  }

  /** It answers servers alone, and asks nobody. */
  private asked(
    name: string,
    part: string,
    port: number,
    callers: readonly GroupName[],
    vpc: pulumi.Input<string>,
  ): pulumi.Output<string> {
    const door = this.door(name, part, vpc);
    for (const caller of callers) {
      const from = { referencedSecurityGroupId: this.group(caller), ...tcp(port) };
      this.enter(`${name}-${part}-from-${caller}`, door, 'Servers', from);
    }
    return door;
  }

  /** Opens a door to the internet. */
  private open(name: string, door: pulumi.Output<string>, part: string, ports: Ports): void {
    for (const [scheme, port] of both(ports)) {
      const from = { cidrIpv4: everywhere, ...tcp(port) };
      this.enter(`${name}-${part}-from-everybody-${scheme}`, door, 'Everybody', from);
    }
  }

  /** Only the balancer comes to the gateway, and everybody to the balancer. */
  private behind(
    name: string,
    balancer: pulumi.Output<string>,
    front: GroupName,
    ports: Ports,
  ): void {
    this.open(name, balancer, 'balancer', { http: 80, https: 443 });
    const gateway = this.group(front);
    for (const [scheme, port] of both(ports)) {
      const from = { referencedSecurityGroupId: balancer, ...tcp(port) };
      this.enter(`${name}-${front}-from-balancer-${scheme}`, gateway, 'The balancer', from);
      const to = { referencedSecurityGroupId: gateway, ...tcp(port) };
      this.leave(`${name}-balancer-to-${front}-${scheme}`, balancer, 'The gateway', to);
    }
  }

  // A rule's name says where it leads: AWS does not make a rule for a network one for a group.
  private enter(name: string, door: pulumi.Output<string>, description: string, rule: Rule): void {
    const args = { securityGroupId: door, description, ...rule };
    new aws.vpc.SecurityGroupIngressRule(name, args, { parent: this });
  }

  private leave(name: string, door: pulumi.Output<string>, description: string, rule: Rule): void {
    const args = { securityGroupId: door, description, ...rule };
    new aws.vpc.SecurityGroupEgressRule(name, args, { parent: this });
  }
}

type Rule = Omit<aws.vpc.SecurityGroupIngressRuleArgs, 'securityGroupId' | 'description'>;

/** Where the gateway, or the balancer in front of it, listens. */
type Ports = Pick<DoorsArgs['ports'], 'http' | 'https'>;

function both({ http, https }: Ports): [string, number][] {
  return Object.entries({ http, https });
}

function tcp(port: number): { ipProtocol: string; fromPort: number; toPort: number } {
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}
