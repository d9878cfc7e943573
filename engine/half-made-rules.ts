import type { EC2, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Found, HalfMade } from './half-made';

/** A rule's direction by its type. */
const leaves: Readonly<Record<string, boolean>> = {
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': true,
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': false,
};

/** Whether it is a rule of a security group. */
export function isRule({ type }: HalfMade): boolean {
  return leaves[type] !== undefined;
}

/**
 * Rules that AWS has made. They have no names, and their tags come in a second call; but a group takes each only once, so what
 * one permits to whom tells which it is.
 */
export async function findRules<One extends HalfMade>(
  rules: readonly One[],
  ec2: EC2,
): Promise<Found<One>[]> {
  const groups = [...new Set(rules.flatMap(({ inputs }) => textOf(inputs?.securityGroupId)))];
  if (groups.length === 0) return [];
  const { paginateDescribeSecurityGroupRules } = await import('@aws-sdk/client-ec2');
  const pages = paginateDescribeSecurityGroupRules(
    { client: ec2 },
    { Filters: [{ Name: 'group-id', Values: groups }] },
  );
  const there: SecurityGroupRule[] = [];
  for await (const { SecurityGroupRules = [] } of pages) there.push(...SecurityGroupRules);
  return rules.flatMap((made) => {
    const { SecurityGroupRuleId: id } = there.find((rule) => isSame(rule, made)) ?? {};
    return id === undefined ? [] : [{ made, id }];
  });
}

/** A security group that is not there yet has no id, and no rules. */
function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function isSame(rule: SecurityGroupRule, { type, inputs = {} }: HalfMade): boolean {
  return (
    rule.IsEgress === leaves[type] &&
    rule.GroupId === inputs.securityGroupId &&
    rule.IpProtocol === inputs.ipProtocol &&
    // What is for all ports names none.
    (rule.FromPort ?? -1) === (inputs.fromPort ?? -1) &&
    (rule.ToPort ?? -1) === (inputs.toPort ?? -1) &&
    rule.CidrIpv4 === inputs.cidrIpv4 &&
    rule.CidrIpv6 === inputs.cidrIpv6 &&
    rule.PrefixListId === inputs.prefixListId &&
    rule.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId
  );
}
