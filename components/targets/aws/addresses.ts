import type { ServerGroup } from '../target';

type GroupName = ServerGroup['name'];

/** Where a subnet's traffic may go: to and from the internet; to the internet through NAT; nowhere. */
export type SubnetKind = 'public' | 'private' | 'isolated';

export interface SubnetPlan {
  /** Such as `private-eu-central-1a`. */
  readonly name: string;
  readonly kind: SubnetKind;
  readonly zone: string;
  readonly cidr: string;
  /** Servers with an address of their own stand here, and nothing else that could take it. */
  readonly fixed: boolean;
}

/** Each subnet is one of 32 equal parts of the network. */
const partBits = 5;

/** The first part of each kind; eight zones have room. */
const firstPart: Readonly<Record<SubnetKind, number>> = { public: 0, private: 8, isolated: 16 };

/** The parts for servers with an address of their own, all in the first zone: volumes cannot leave theirs. */
const fixedPart = { public: 24, private: 25 } as const;

/** The number of a server's address in its subnet; AWS keeps the first four. Unique, so that no tier's collide. */
const hostNumber: Readonly<Record<GroupName, number>> = {
  server: 10,
  data: 11,
  operations: 12,
  app: 13,
};

/** A single server of these groups has the gateway, so it stands where the internet reaches it. */
const inPublic: readonly GroupName[] = ['server', 'app'];

/**
 * The subnets of a network over these zones. A zone's letter decides its addresses, so another zone in the list moves
 * none; only the first is more than the others (`fixed`).
 */
export function subnetsOf(cidr: string, zones: readonly string[]): SubnetPlan[] {
  const [first] = zones;
  if (first === undefined) throw new Error('a network needs a zone');
  const kinds = Object.keys(firstPart) as SubnetKind[];
  return [
    ...kinds.flatMap((kind) =>
      zones.map((zone) => ({
        name: `${kind}-${zone}`,
        kind,
        zone,
        cidr: part(cidr, firstPart[kind] + letterNumber(zone)),
        fixed: false,
      })),
    ),
    ...(Object.keys(fixedPart) as (keyof typeof fixedPart)[]).map((kind) => ({
      name: `${kind}-servers`,
      kind,
      zone: first,
      cidr: part(cidr, fixedPart[kind]),
      fixed: true,
    })),
  ];
}

/** The kind of the subnet that a group's single server stands in. */
export function kindOf(group: GroupName): 'public' | 'private' {
  return inPublic.includes(group) ? 'public' : 'private';
}

/** The private address of a group's single server. */
export function addressOf(cidr: string, group: GroupName): string {
  const { base } = range(part(cidr, fixedPart[kindOf(group)]));
  return text(base + hostNumber[group]);
}

/** The networks that requests of a balancer come from. */
export function publicNetworks(cidr: string, zones: readonly string[]): string[] {
  return subnetsOf(cidr, zones)
    .filter(({ kind, fixed }) => kind === 'public' && !fixed)
    .map((subnet) => subnet.cidr);
}

function letterNumber(zone: string): number {
  const number = 'abcdefgh'.indexOf(/-\d([a-z])$/.exec(zone)?.[1] ?? '?');
  if (number < 0) throw new Error(`${zone} is not a zone such as eu-central-1a`);
  return number;
}

function part(cidr: string, number: number): string {
  const { base, size, prefix } = range(cidr);
  return `${text(base + (size / 2 ** partBits) * number)}/${prefix + partBits}`;
}

function range(cidr: string): { base: number; size: number; prefix: number } {
  const [address = '', prefix = ''] = cidr.split('/');
  const base = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { base, size: 2 ** (32 - Number(prefix)), prefix: Number(prefix) };
}

function text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
