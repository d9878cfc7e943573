import { beforeAll, describe, expect, test } from 'vitest';
import type { TierName } from '../../components/settings/schema';
import { foundation, front, groups, ofType, one } from '../support/aws';
import type { Registered } from '../support/graph';

const tiers: TierName[] = ['single', 'split', 'load-balanced'];
const ingress = 'vpc/securityGroupIngressRule:SecurityGroupIngressRule';
const egress = 'vpc/securityGroupEgressRule:SecurityGroupEgressRule';

const cases = tiers.flatMap((tier) => [
  [tier, 'applied', false] as const,
  [tier, 'previewed', true] as const,
]);

describe.each(cases)('the network of %s, %s', (tier, _, preview) => {
  let all: Registered[];

  beforeAll(async () => {
    all = await foundation(tier, preview);
  });

  test('has the same subnets in every tier', () => {
    const subnets = Object.entries(ofType(all, 'ec2/subnet:Subnet')).map(
      ([name, { cidrBlock }]) => `${name} ${String(cidrBlock)}`,
    );
    expect(subnets).toEqual([
      'network-isolated-eu-central-1a 10.60.128.0/21',
      'network-isolated-eu-central-1b 10.60.136.0/21',
      'network-private-eu-central-1a 10.60.64.0/21',
      'network-private-eu-central-1b 10.60.72.0/21',
      'network-private-servers 10.60.200.0/21',
      'network-public-eu-central-1a 10.60.0.0/21',
      'network-public-eu-central-1b 10.60.8.0/21',
      'network-public-servers 10.60.192.0/21',
    ]);
  });

  test('gives public addresses to the servers of the gateway alone', () => {
    const given = Object.entries(ofType(all, 'ec2/subnet:Subnet')).filter(
      ([, { mapPublicIpOnLaunch }]) => mapPublicIpOnLaunch,
    );
    expect(given.map(([name]) => name)).toEqual(['network-public-servers']);
  });

  test('has each subnet in a table of routes', () => {
    const associated = Object.keys(ofType(all, 'ec2/routeTableAssociation:RouteTableAssociation'));
    expect(associated).toEqual(Object.keys(ofType(all, 'ec2/subnet:Subnet')));
  });

  test('leads out by as many NAT gateways as asked for, and never from isolated subnets', () => {
    const out = Object.keys(ofType(all, 'ec2/route:Route'));
    const inner = ['network-private-eu-central-1a', 'network-private-eu-central-1b'];
    expect(out).toEqual([...(tier === 'single' ? [] : inner), 'network-public']);
    const nat = Object.keys(ofType(all, 'ec2/natGateway:NatGateway'));
    const both = ['network-nat-eu-central-1a', 'network-nat-eu-central-1b'];
    expect(nat).toEqual({ single: [], split: both.slice(0, 1), 'load-balanced': both }[tier]);
  });

  test('writes down who spoke with whom', () => {
    const log = one(all, 'ec2/flowLog:FlowLog', 'network-flow');
    expect(log.inputs.trafficType).toBe('ALL');
    const kept = one(all, 'cloudwatch/logGroup:LogGroup', 'network-flow');
    expect(kept.inputs).toMatchObject({ name: '/strata/test/flow', retentionInDays: 30 });
  });

  test('is entered from the internet at the entrance only, at two ports', () => {
    const open = Object.entries(ofType(all, ingress)).filter(
      ([, { referencedSecurityGroupId }]) => referencedSecurityGroupId === undefined,
    );
    const entrance = tier === 'load-balanced' ? 'balancer' : front[tier];
    const [http, https] = tier === 'load-balanced' ? [80, 443] : [8080, 8443];
    expect(
      open.map(([name, { cidrIpv4, fromPort, toPort, ipProtocol }]) => [
        name,
        cidrIpv4,
        fromPort,
        toPort,
        ipProtocol,
      ]),
    ).toEqual([
      [`doors-${entrance}-from-everybody-http`, '0.0.0.0/0', http, http, 'tcp'],
      [`doors-${entrance}-from-everybody-https`, '0.0.0.0/0', https, https, 'tcp'],
    ]);
  });

  test('is entered by no other network, and at no port of SSH', () => {
    for (const { cidrIpv4, cidrIpv6, prefixListId, fromPort, toPort } of Object.values(
      ofType(all, ingress),
    )) {
      expect(['0.0.0.0/0', undefined]).toContain(cidrIpv4);
      expect([cidrIpv6, prefixListId]).toEqual([undefined, undefined]);
      expect(Number(fromPort) <= 22 && Number(toPort) >= 22).toBe(false);
    }
  });

  test('has links from each group to those before it, and to none after', () => {
    const links = Object.entries(ofType(all, ingress)).filter(([, { toPort }]) => toPort === 9443);
    expect(links.map(([name]) => name)).toEqual(
      {
        single: [],
        split: ['doors-data-from-app'],
        'load-balanced': [
          'doors-data-from-app',
          'doors-data-from-operations',
          'doors-operations-from-app',
        ],
      }[tier],
    );
  });

  test('lets the balancer go to the gateway and nowhere else', () => {
    const rules = ofType(all, egress);
    for (const [rule, { cidrIpv4 }] of Object.entries(rules)) {
      expect(cidrIpv4).toBe(rule.includes('balancer') ? undefined : '0.0.0.0/0');
    }
    expect(Object.keys(rules)).toEqual(
      [
        ...groups[tier].map(({ name }) => `doors-${name}-to-everybody`),
        ...(tier === 'load-balanced'
          ? ['doors-balancer-to-app-http', 'doors-balancer-to-app-https']
          : []),
      ].sort(),
    );
  });

  test('asks services of AWS inside by the servers alone', () => {
    const endpoints = Object.entries(ofType(all, 'ec2/vpcEndpoint:VpcEndpoint'));
    expect(endpoints.map(([, { serviceName }]) => serviceName)).toEqual([
      'com.amazonaws.eu-central-1.secretsmanager',
      'com.amazonaws.eu-central-1.ssm',
      'com.amazonaws.eu-central-1.s3',
    ]);
    const callers = Object.keys(ofType(all, ingress)).filter((name) =>
      name.startsWith('endpoints'),
    );
    expect(callers).toEqual(groups[tier].map(({ name }) => `endpoints-from-${name}`).sort());
  });
});

test('nothing leads out of isolated subnets', async () => {
  const all = await foundation('load-balanced', false);
  const tables = Object.entries(
    ofType(all, 'ec2/routeTableAssociation:RouteTableAssociation'),
  ).flatMap(([name, { routeTableId }]) => (name.includes('isolated') ? [routeTableId] : []));
  expect(new Set(tables)).toEqual(new Set(['network-isolated-id']));
  for (const { routeTableId } of Object.values(ofType(all, 'ec2/route:Route'))) {
    expect(routeTableId).not.toBe('network-isolated-id');
  }
});

test('a link leads from the group that asks to the one that is asked', async () => {
  const all = await foundation('load-balanced', false);
  expect(one(all, ingress, 'doors-data-from-app').inputs).toMatchObject({
    securityGroupId: 'doors-data-id',
    referencedSecurityGroupId: 'doors-app-id',
    fromPort: 9443,
    toPort: 9443,
  });
  expect(one(all, ingress, 'doors-app-from-balancer-https').inputs).toMatchObject({
    securityGroupId: 'doors-app-id',
    referencedSecurityGroupId: 'doors-balancer-id',
    fromPort: 8443,
  });
});
