import { DescribeAvailabilityZonesCommand } from '@aws-sdk/client-ec2';
import { type Check, ok, wrong } from '../check';

const name = 'zones';

/** The zones are of this region, of this account, and take new servers. */
export const zones: Check = {
  name,
  permissions: ['ec2:DescribeAvailabilityZones'],
  async run({ zones: wanted, region }, { ec2 }) {
    const { AvailabilityZones: all = [] } = await ec2.send(
      new DescribeAvailabilityZonesCommand({
        Filters: [{ Name: 'zone-type', Values: ['availability-zone'] }],
      }),
    );
    const open = all
      .filter(({ State, OptInStatus }) => State === 'available' && OptInStatus !== 'not-opted-in')
      .flatMap(({ ZoneName }) => ZoneName ?? [])
      .sort();
    const missing = wanted.filter((zone) => !open.includes(zone));
    if (missing.length === 0) return [ok(name, wanted.join(' and '))];
    return [
      wrong(
        name,
        `${missing.join(' and ')} take no servers in region ${region}; ${open.join(', ') || 'none'} do`,
        'Set strata:aws.zones to two or three of those. Data that is there already stays in its zone.',
      ),
    ];
  },
};
