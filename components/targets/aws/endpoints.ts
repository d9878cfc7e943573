import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { EndpointService } from '../../settings/aws';
import type { Account } from './account';
import { stackName } from './naming';

export interface EndpointsArgs {
  readonly account: Account;
  readonly vpc: pulumi.Input<string>;
  readonly subnets: readonly pulumi.Input<string>[];
  /** Who may ask: name → security group. */
  readonly callers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly services: readonly EndpointService[];
}

/**
 * Ways to services of AWS that stay inside the network. S3's is part of every network and costs nothing.
 *
 * **Cost**: each by the hour *in each zone* and by what goes through it, so a few of them cost more than a NAT gateway;
 * they are for who must keep this traffic off the internet, not for saving.
 *
 * @example
 * new Endpoints('endpoints', {
 *   account, vpc, subnets, callers: { app: securityGroup }, services: ['ssm'],
 * }, { parent })
 */
export class Endpoints extends pulumi.ComponentResource {
  constructor(name: string, args: EndpointsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Endpoints', name, {}, opts);
    const parent = { parent: this };
    const { account, vpc, subnets, callers, services } = args;
    const group = new aws.ec2.SecurityGroup(
      name,
      {
        name: stackName('endpoints', 255),
        description: 'Services of AWS, asked from inside.',
        vpcId: vpc,
      },
      parent,
    );
    for (const [caller, securityGroup] of Object.entries(callers)) {
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-from-${caller}`,
        {
          securityGroupId: group.id,
          referencedSecurityGroupId: securityGroup,
          ipProtocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          description: `Servers of ${caller}`,
        },
        parent,
      );
    }
    for (const service of services) {
      new aws.ec2.VpcEndpoint(
        `${name}-${service}`,
        {
          vpcId: vpc,
          serviceName: `com.amazonaws.${account.region}.${service}`,
          vpcEndpointType: 'Interface',
          subnetIds: [...subnets],
          securityGroupIds: [group.id],
          // The service's usual name leads here, so nobody has to know of it.
          privateDnsEnabled: true,
          tags: { Name: stackName(service, 128) },
        },
        parent,
      );
    }
    this.registerOutputs();
  }
}
