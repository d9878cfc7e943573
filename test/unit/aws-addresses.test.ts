import { describe, expect, test } from 'vitest';
import {
  addressOf,
  kindOf,
  publicNetworks,
  subnetsOf,
} from '../../components/targets/aws/addresses';

const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
const groups = ['server', 'data', 'operations', 'app'] as const;

/** First and last address of a network. */
function range(cidr: string): [number, number] {
  const [address = '', prefix] = cidr.split('/');
  const first = number(address);
  return [first, first + 2 ** (32 - Number(prefix)) - 1];
}

function number(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

describe.each(['10.60.0.0/16', '10.9.240.0/20'])('the subnets of %s', (cidr) => {
  const all = subnetsOf(cidr, zones);

  test('are one of each kind in each zone, and two for servers with an address of their own', () => {
    expect(all.filter(({ fixed }) => !fixed)).toHaveLength(9);
    expect(all.filter(({ fixed }) => fixed).map(({ name, zone }) => [name, zone])).toEqual([
      ['public-servers', 'eu-central-1a'],
      ['private-servers', 'eu-central-1a'],
    ]);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  test('lie in the network, and none in another', () => {
    const [first, last] = range(cidr);
    const ranges = all.map((subnet) => range(subnet.cidr)).sort(([a], [b]) => a - b);
    for (const [index, [from, to]] of ranges.entries()) {
      expect(from).toBeGreaterThanOrEqual(first);
      expect(to).toBeLessThanOrEqual(last);
      expect(from).toBeGreaterThan(ranges[index - 1]?.[1] ?? -1);
    }
  });

  test('stay where they are when there are more zones, or others', () => {
    const fewer = subnetsOf(cidr, ['eu-central-1a', 'eu-central-1c']);
    for (const subnet of fewer) expect(all).toContainEqual(subnet);
  });

  test('have an address for the single server of each group, each another', () => {
    const addresses = groups.map((group) => addressOf(cidr, group));
    expect(new Set(addresses).size).toBe(groups.length);
    for (const group of groups) {
      const home = all.find(({ fixed, kind }) => fixed && kind === kindOf(group));
      const [from, to] = range(home?.cidr ?? '');
      const address = number(addressOf(cidr, group));
      // AWS keeps the first four and the last.
      expect(address).toBeGreaterThan(from + 3);
      expect(address).toBeLessThan(to);
    }
  });

  test('of the balancer are the public ones without the servers', () => {
    const networks = publicNetworks(cidr, zones);
    expect(networks).toHaveLength(3);
    const server = number(addressOf(cidr, 'server'));
    for (const [from, to] of networks.map(range)) expect(server < from || server > to).toBe(true);
  });
});

test('only servers that have the gateway stand where the internet reaches them', () => {
  expect(groups.filter((group) => kindOf(group) === 'public')).toEqual(['server', 'app']);
});

test('the addresses of the usual network are these', () => {
  expect(
    Object.fromEntries(groups.map((group) => [group, addressOf('10.60.0.0/16', group)])),
  ).toEqual({
    server: '10.60.192.10',
    data: '10.60.200.11',
    operations: '10.60.200.12',
    app: '10.60.192.13',
  });
});

test.each(['eu-central-1', 'eu-central-1z', 'a'])('%j is no zone', (zone) =>
  expect(() => subnetsOf('10.60.0.0/16', [zone])).toThrow(`${zone} is not a zone such as`),
);
