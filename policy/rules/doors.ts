import type { Recorded, ResourceRule, Rule } from '../rule';
import { at, given, is, list, notYetKnown, texts } from '../values';

const groupType = 'aws:ec2/securityGroup:SecurityGroup';
const ruleTypes = [
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
  'aws:ec2/securityGroupRule:SecurityGroupRule',
] as const;

/** What anybody on the internet can reach: 80 and 443 of one entrance. */
export const doors: readonly Rule[] = [
  {
    name: 'open-ports',
    description:
      'Only ports 80 and 443 are open to the world. Let the security group of whoever asks in instead of addresses ' +
      '(referencedSecurityGroupId).',
    types: [groupType, ...ruleTypes],
    problems: (resource) =>
      openings(resource)
        .filter((opening) => !webOnly(opening))
        .map((opening) => `${ports(opening)} are open to ${worldIn(opening).join(', ')}`),
  },
  {
    name: 'one-entrance',
    description:
      'One security group alone is open to the world: that of the load balancer, or of the only server. Let the others ' +
      'in by referencedSecurityGroupId.',
    types: [groupType, ...ruleTypes],
    problemsAmong: (resources) => {
      const open = resources.filter((resource) => openings(resource).length > 0);
      const [entrance] = open.map(groupOf);
      return open
        .filter((resource) => groupOf(resource) !== entrance)
        .map((resource) => ({ resource, problem: 'it opens a second one' }));
    },
  },
  {
    name: 'default-group-closed',
    description:
      'The default security group of a network lets nothing through, so what is given no group reaches nothing. Leave ' +
      'ingress and egress out.',
    types: ['aws:ec2/defaultSecurityGroup:DefaultSecurityGroup'],
    problems: ({ props }) =>
      ['ingress', 'egress']
        .filter((property) => list(props[property]).length > 0)
        .map((property) => `it has rules of ${property}`),
  },
  {
    name: 'databases-private',
    description:
      'No database has a public address. Leave publiclyAccessible out, or set it to false.',
    types: [
      'aws:rds/instance:Instance',
      'aws:rds/cluster:Cluster',
      'aws:rds/clusterInstance:ClusterInstance',
    ],
    problems: isPublic,
  },
];

function isPublic({ props }: Recorded): ReturnType<ResourceRule['problems']> {
  return is(props.publiclyAccessible, undefined, null, false) ? [] : ['publiclyAccessible is true'];
}

/** What a resource lets in from the world. */
function openings(resource: Recorded): unknown[] {
  const { type, props } = resource;
  const rules = type === groupType ? list(props.ingress) : props.type === 'egress' ? [] : [props];
  return rules.filter((rule) => worldIn(rule).length > 0);
}

/** Ranges so wide that nobody is meant by them; two halves of the world are the world as well. */
function worldIn(rule: unknown): string[] {
  const ranges = ['cidrIpv4', 'cidrIpv6', 'cidrBlocks', 'ipv6CidrBlocks'].flatMap((property) =>
    texts(at(rule, property)),
  );
  return ranges.filter((range) => {
    const bits = Number(range.split('/')[1]);
    return range.includes(':') ? bits < 16 : bits < 8;
  });
}

function webOnly(rule: unknown): boolean {
  const { protocol, from, to } = portsOf(rule);
  return (
    is(protocol, 'tcp', 'udp', '6', '17') &&
    [80, 443].some((port) => is(from, port) && is(to, port))
  );
}

function ports(rule: unknown): string {
  const { protocol, from, to } = portsOf(rule);
  const range = given(from) ? `ports ${said(from)}–${said(to)}` : 'all ports';
  return `${range} of protocol ${said(protocol)}`;
}

function portsOf(rule: unknown) {
  return {
    protocol: at(rule, 'ipProtocol') ?? at(rule, 'protocol'),
    from: at(rule, 'fromPort'),
    to: at(rule, 'toPort'),
  };
}

function said(value: unknown): string {
  return value === notYetKnown ? 'not yet known' : String(value);
}

function groupOf(resource: Recorded): string {
  if (resource.type === groupType) return resource.urn;
  return resource.references.securityGroupId?.[0] ?? said(resource.props.securityGroupId);
}
