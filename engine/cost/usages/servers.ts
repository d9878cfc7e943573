import { z } from 'zod';
import { type Recorded, source } from '../recorded';
import { byHour, counted, flag, NotKnown, number, of, type Usage, type UsageOf } from '../usage';

/** What a volume of type gp3 has without paying more, whatever its size. */
const gp3 = { iops: 3000, throughput: 125 };

const disk = z.object({
  volumeSize: number.default(8),
  volumeType: z.string().default('gp3'),
  iops: number.optional(),
  throughput: number.optional(),
});

const instance = z.object({
  instanceType: z.string(),
  rootBlockDevice: disk.prefault({}),
  ebsBlockDevices: z.array(disk).default([]),
  associatePublicIpAddress: flag.optional(),
});

const template = z.object({
  instanceType: z.string(),
  blockDeviceMappings: z.array(z.object({ ebs: disk.optional() })).default([]),
  networkInterfaces: z.array(z.object({ associatePublicIpAddress: flag.optional() })).default([]),
});

const templateType = 'aws:ec2/launchTemplate:LaunchTemplate';
const subnetType = 'aws:ec2/subnet:Subnet';
const addressType = 'aws:ec2/eip:Eip';

const group = z.object({
  desiredCapacity: number.optional(),
  minSize: number,
  mixedInstancesPolicy: z.undefined().optional(),
});

const volume = z.object({
  size: number,
  type: z.string().default('gp2'),
  iops: number.optional(),
  throughput: number.optional(),
});

/** Servers and their disks. */
export const servers: Readonly<Record<string, UsageOf>> = {
  'aws:ec2/instance:Instance': counted(instance, (inputs, resource, all) => [
    ...byHour(`instance:${inputs.instanceType}`, `server, ${inputs.instanceType}`),
    ...[inputs.rootBlockDevice, ...inputs.ebsBlockDevices].flatMap((device) => diskOf(device)),
    ...(getsAddress(inputs.associatePublicIpAddress, resource, 'subnetId', all)
      ? publicAddresses(1)
      : []),
  ]),
  'aws:autoscaling/group:Group': counted(group, (inputs, resource, all) => {
    const count = inputs.desiredCapacity ?? inputs.minSize;
    const { instanceType, blockDeviceMappings, networkInterfaces } = templateOf(resource, all);
    const given = networkInterfaces.find((one) => one.associatePublicIpAddress !== undefined);
    const open = given?.associatePublicIpAddress;
    return [
      ...byHour(`instance:${instanceType}`, `${count} servers, ${instanceType}`, count),
      ...blockDeviceMappings.flatMap(({ ebs }) => (ebs ? diskOf(ebs, count) : [])),
      ...(getsAddress(open, resource, 'vpcZoneIdentifiers', all) ? publicAddresses(count) : []),
    ];
  }),
  'aws:ebs/volume:Volume': counted(volume, ({ size, type, iops, throughput }) =>
    diskOf({ volumeSize: size, volumeType: type, iops, throughput }),
  ),
};

/** Public addresses cost by the hour, whether anything has them or not. */
export function publicAddresses(count: number): Usage[] {
  return byHour('public-address', 'public IPv4 address', count);
}

function diskOf(
  { volumeSize, volumeType, iops, throughput }: z.output<typeof disk>,
  count = 1,
): Usage[] {
  const item = `volume:${volumeType}`;
  const above = (given: number | undefined, free: number) =>
    Math.max(0, (given ?? 0) - free) * count;
  const beyond = volumeType === 'gp3' ? gp3 : { iops: 0, throughput: 0 };
  return [
    ...of(item, `disk, ${volumeType}`, volumeSize * count),
    ...of(`${item}:iops`, `operations a second of a disk, ${volumeType}`, above(iops, beyond.iops)),
    ...of(
      `${item}:throughput`,
      `MB a second of a disk, ${volumeType}`,
      above(throughput, beyond.throughput),
    ),
  ];
}

/**
 * Whether AWS gives a server a public address when it starts: because the server says so, or its subnet. A lasting
 * address, which is counted itself, takes the place of that.
 */
function getsAddress(
  says: boolean | undefined,
  server: Recorded,
  property: string,
  all: readonly Recorded[],
): boolean {
  const lasting = all.some(
    ({ type, from }) => type === addressType && from.instance?.includes(server.urn),
  );
  const gives = source(server, property, subnetType, all)?.inputs.mapPublicIpOnLaunch === true;
  return !lasting && (says ?? gives);
}

/** The servers of a group are what its launch template says. */
function templateOf(group: Recorded, all: readonly Recorded[]): z.output<typeof template> {
  const inputs = template.safeParse(source(group, 'launchTemplate', templateType, all)?.inputs);
  if (!inputs.success) throw new NotKnown('its launch template not known');
  return inputs.data;
}
