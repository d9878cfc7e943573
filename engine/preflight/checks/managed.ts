import { DescribeOrderableDBInstanceOptionsCommand } from '@aws-sdk/client-rds';
import { type Check, type Finding, ok, warning, wrong } from '../check';
import type { Clients } from '../clients';
import { allPages } from '../pages';
import type { Subject } from '../subject';

const name = 'managed';

/** RDS has the database's class, for our Postgres, in as many zones as it takes. */
export const managed: Check = {
  name,
  permissions: ['rds:DescribeOrderableDBInstanceOptions'],
  async run({ rds, elasticache, zones, region }, clients) {
    return [
      ...(rds ? [judged(rds, zones, await zonesOf(rds, clients), region)] : []),
      ...(elasticache ? [unknown(elasticache)] : []),
    ];
  },
};

type Wanted = NonNullable<Subject['rds']>;

/** Where RDS makes such an instance; nowhere when it has no such class or version. */
async function zonesOf(
  { instanceClass, version, multiAz }: Wanted,
  { rds }: Clients,
): Promise<ReadonlySet<string>> {
  const wanted = { Engine: 'postgres', DBInstanceClass: instanceClass, Vpc: true };
  const options = await allPages(async (mark) => {
    const page = await rds.send(
      new DescribeOrderableDBInstanceOptionsCommand({ ...wanted, Marker: mark }),
    );
    return { items: page.OrderableDBInstanceOptions, next: page.Marker };
  });
  const fitting = options.filter(
    ({ EngineVersion, StorageType, MultiAZCapable }) =>
      EngineVersion?.split('.')[0] === version &&
      StorageType === 'gp3' &&
      (!multiAz || MultiAZCapable === true),
  );
  const inZones = fitting.flatMap(({ AvailabilityZones = [] }) => AvailabilityZones);
  return new Set(inZones.flatMap(({ Name }) => Name ?? []));
}

function judged(
  { instanceClass, version, multiAz }: Wanted,
  zones: readonly string[],
  has: ReadonlySet<string>,
  region: string,
): Finding {
  const what = `${instanceClass} with Postgres ${version}`;
  const advice =
    'Choose another class: strata:aws.rds.instanceClass, or other zones: strata:aws.zones.';
  const there = zones.filter((zone) => has.has(zone));
  if (there.length === zones.length) return ok(name, `RDS: ${what} in ${there.join(' and ')}`);
  const elsewhere = [...has].sort().join(', ') || 'no zone';
  const where = `RDS has ${what} in ${elsewhere} of region ${region}`;
  if (there.length === 0)
    return wrong(name, `${where}, and in none of ${zones.join(', ')}`, advice);
  if (multiAz && there.length < 2) {
    return wrong(name, `${where}; its standby needs another zone than ${there.join('')}`, advice);
  }
  return warning(name, `${where}, so it cannot stand in all of ${zones.join(', ')}`, advice);
}

/** AWS has no such question for it. */
function unknown({ nodeType }: NonNullable<Subject['elasticache']>): Finding {
  return warning(
    name,
    `ElastiCache: whether it has ${nodeType} in these zones, AWS does not say beforehand`,
    'Look for the type in the console (ElastiCache, Create cache), or see it at the first deployment.',
  );
}
