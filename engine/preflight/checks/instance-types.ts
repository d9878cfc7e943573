import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type _InstanceType,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { type Check, type Finding, ok, warning, wrong } from '../check';
import type { Clients } from '../clients';
import type { WantedServers } from '../subject';

const name = 'instance types';

/** What images are built for. */
const architecture = 'x86_64';

/** What the system, Docker and the page cache want beside the services, in MiB. */
const system = 512;

/** Each type is there in each zone that it is wanted in, runs our images and holds the services' memory. */
export const instanceTypes: Check = {
  name,
  permissions: ['ec2:DescribeInstanceTypeOfferings', 'ec2:DescribeInstanceTypes'],
  async run({ servers }, clients) {
    const offered = await offerings(servers, clients);
    const absent = servers.flatMap((wanted) => notOffered(wanted, offered));
    const there = servers.filter(({ instanceType }) => offered.has(instanceType));
    const infos = await described(there, clients);
    const unfit = there.flatMap((wanted) => notFit(wanted, infos.get(wanted.instanceType)));
    const found = [...absent, ...unfit];
    if (found.some(({ level }) => level === 'error')) return found;
    const fine = servers.map(({ group, instanceType }) => `${group}: ${instanceType}`);
    return [ok(name, fine.join(', ')), ...found];
  },
};

/** Instance type → zones that have it. */
async function offerings(
  servers: readonly WantedServers[],
  { ec2 }: Clients,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const Values = [...new Set(servers.map(({ instanceType }) => instanceType))];
  const { InstanceTypeOfferings: all = [] } = await ec2.send(
    new DescribeInstanceTypeOfferingsCommand({
      LocationType: 'availability-zone',
      Filters: [{ Name: 'instance-type', Values }],
    }),
  );
  for (const { InstanceType, Location } of all) {
    if (InstanceType === undefined || Location === undefined) continue;
    found.set(InstanceType, [...(found.get(InstanceType) ?? []), Location].sort());
  }
  return found;
}

function notOffered(
  { group, instanceType, zones }: WantedServers,
  offered: ReadonlyMap<string, readonly string[]>,
): Finding[] {
  const where = offered.get(instanceType) ?? [];
  const missing = zones.filter((zone) => !where.includes(zone));
  if (missing.length === 0) return [];
  return [
    wrong(
      name,
      `${instanceType} (group ${group}) is not there in ${missing.join(' and ')}; ` +
        (where.length > 0 ? `only in ${where.join(', ')}` : 'nor in any other zone'),
      `Choose another type: strata:aws.instanceTypes.${group}, or other zones: strata:aws.zones.`,
    ),
  ];
}

/** What types that exist are made of; AWS refuses the whole question when one does not. */
export async function described(
  servers: readonly Pick<WantedServers, 'instanceType'>[],
  { ec2 }: Pick<Clients, 'ec2'>,
): Promise<ReadonlyMap<string, InstanceTypeInfo>> {
  const types = [...new Set(servers.map(({ instanceType }) => instanceType))];
  if (types.length === 0) return new Map();
  const { InstanceTypes: all = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({
      InstanceTypes: types as _InstanceType[],
    }),
  );
  return new Map(all.map((info) => [String(info.InstanceType), info]));
}

function notFit(
  { group, instanceType, memory }: WantedServers,
  info: InstanceTypeInfo | undefined,
): Finding[] {
  const setting = `strata:aws.instanceTypes.${group}`;
  const architectures = info?.ProcessorInfo?.SupportedArchitectures ?? [];
  const size = info?.MemoryInfo?.SizeInMiB;
  return [
    ...(architectures.length > 0 && !architectures.some((given) => given === architecture)
      ? [
          wrong(
            name,
            `${instanceType} (group ${group}) is for ${architectures.join(', ')}, and images are built for ${architecture}`,
            `Choose a type of Intel or AMD: ${setting}.`,
          ),
        ]
      : []),
    ...(size !== undefined && memory + system > size
      ? [
          warning(
            name,
            `services of group ${group} may take ${memory} MiB together, and ${instanceType} has ${size}`,
            `When all of them do at once, some are ended. Choose a larger type: ${setting}, or give services less.`,
          ),
        ]
      : []),
  ];
}
