import { z } from 'zod';
import { assumed, byHour, counted, of, type UsageOf } from '../usage';
import { publicAddresses } from './servers';

const balancer = z.object({
  loadBalancerType: z.literal('application').default('application'),
  internal: z.boolean().default(false),
  subnets: z.array(z.unknown()).min(1),
});

const loadBalancer = counted(balancer, ({ internal, subnets }) => [
  ...byHour('load-balancer', 'load balancer'),
  ...assumed('load-balancer-capacity', 'capacity of the load balancer'),
  // It has an address of its own in each subnet.
  ...(internal ? [] : publicAddresses(subnets.length)),
]);

const endpoint = z.object({
  vpcEndpointType: z.enum(['Gateway', 'Interface']).default('Gateway'),
  subnetIds: z.array(z.unknown()).default([]),
});

const acl = z.object({ rules: z.array(z.unknown()).default([]) });

/** What leads to servers and out of them. */
export const network: Readonly<Record<string, UsageOf>> = {
  'aws:ec2/natGateway:NatGateway': () => [
    ...byHour('nat-gateway', 'NAT gateway'),
    ...assumed('nat-gateway-data', 'data through the NAT gateway'),
  ],
  'aws:ec2/eip:Eip': () => publicAddresses(1),
  'aws:ec2/vpcEndpoint:VpcEndpoint': counted(endpoint, ({ vpcEndpointType, subnetIds }) =>
    vpcEndpointType === 'Gateway'
      ? []
      : [
          ...byHour('interface-endpoint', 'interface endpoint', subnetIds.length),
          ...assumed('interface-endpoint-data', 'data through the interface endpoint'),
        ],
  ),
  'aws:lb/loadBalancer:LoadBalancer': loadBalancer,
  'aws:alb/loadBalancer:LoadBalancer': loadBalancer,
  'aws:wafv2/webAcl:WebAcl': counted(acl, ({ rules }) => [
    ...of('web-acl', 'web ACL', 1),
    ...of('web-acl-rule', 'rules of the web ACL', rules.length),
    ...assumed('web-acl-requests', 'requests that the web ACL looks at'),
  ]),
  'aws:route53/zone:Zone': () => of('hosted-zone', 'hosted zone', 1),
  'aws:cloudfront/distribution:Distribution': () =>
    assumed('content-delivery', 'data that the distribution delivers'),
};
