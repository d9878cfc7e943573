import { z } from 'zod';
import type { VolumeContent } from '../services/service';
import { backup } from './aws-backup';
import { databaseMove, moveToManaged } from './aws-database';
import { awsTags } from './aws-tags';
import { contradict } from './contradictions';
import { elasticache } from './elasticache';
import type { TargetName, TierName } from './names';
import { rds } from './rds';
import * as values from './values';

const region = values.text(
  'the name of a region, such as eu-central-1',
  /^[a-z]{2,3}(?:-[a-z]{2,12}){1,2}-[1-9]$/,
  32,
);

const zone = values.text(
  'the name of an availability zone, such as eu-central-1a',
  /^[a-z]{2,3}(?:-[a-z]{2,12}){1,2}-[1-9][a-z]$/,
  33,
);

const instanceType = values.text(
  'the name of an instance type, such as m7i.large',
  /^[a-z][a-z0-9-]{1,15}\.(?:nano|micro|small|medium|large|(?:[1-9][0-9]?)?xlarge)$/,
  32,
);

const network = values
  .text(
    // Of the other private networks Docker gives addresses to containers.
    'a network of 16 bits below 10.0.0.0/8, such as 10.60.0.0/16',
    /^10\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.0\.0\/16$/,
    18,
  )
  .default('10.60.0.0/16');

const zonesAllowed = 'two or three different availability zones of the region';
const zones = z
  .array(zone, { error: zonesAllowed })
  .min(2, { error: zonesAllowed })
  .max(3, { error: zonesAllowed })
  .refine((given) => new Set(given).size === given.length, { error: zonesAllowed });

/** ECR only where images are kept there. */
const endpointServices = [
  'ssm',
  'ssmmessages',
  'ec2messages',
  'secretsmanager',
  'kms',
  'logs',
  'ecr.api',
  'ecr.dkr',
] as const;
const endpointsAllowed = `a list of ${endpointServices.join(', ')}, each once`;

const gigabytes = values.whole('a whole number of GB from 10 to 16384, without quotes', 10, 16_384);

/** `strata:aws`: where in AWS, and how large. */
export const aws = z
  .strictObject({
    region: region.default('eu-central-1'),
    zones: zones
      .optional()
      .describe(
        'The first holds the data; a and b of the region when not given. Data cannot change its zone.',
      ),
    network: network.describe('The addresses of the platform’s own network (VPC).'),
    nat: z
      .enum(['none', 'one', 'per-zone'], { error: 'none, one or per-zone' })
      .optional()
      .describe(
        'How servers without a public address reach the internet: through one gateway, or one in each zone; both cost by ' +
          'the hour. When not given: none in tier single, where no server needs it, and one in the others.',
      ),
    endpoints: z
      .array(z.enum(endpointServices, { error: endpointsAllowed }), { error: endpointsAllowed })
      .refine((given) => new Set(given).size === given.length, { error: endpointsAllowed })
      .default([])
      .describe(
        'Services of AWS that servers reach without the internet; each costs by the hour in each zone. S3’s is always there and free.',
      ),
    instanceTypes: z
      .strictObject({
        server: instanceType.default('m7i.xlarge').describe('Tier single.'),
        data: instanceType.default('r7i.large').describe('The server of what keeps data.'),
        operations: instanceType.default('m7i.large').describe('Tier load-balanced.'),
        app: instanceType.default('m7i.large').describe('Each server of what answers requests.'),
      })
      .prefault({})
      .describe('What servers are, by their group. Intel or AMD: images are built for those.'),
    image: values
      .text('the id of an image, such as ami-0123456789abcdef0', /^ami-[0-9a-f]{8,17}$/, 21)
      .optional()
      .describe(
        'What servers are started from: Ubuntu 24.04 for x86-64. Another one makes servers anew. When not given, each ' +
          'starts from Canonical’s newest when it is made, and keeps that.',
      ),
    volumes: z
      .strictObject({
        database: gigabytes.default(50),
        storage: gigabytes.default(50),
        others: gigabytes.default(20).describe('Each of the others: queues, figures, exports.'),
      })
      .prefault({})
      .describe('GB of each volume. It can grow; AWS makes none smaller.'),
    backup: backup.prefault({}),
    database: z
      .enum(['vm', 'rds'], { error: 'vm or rds' })
      .default('vm')
      .describe('Postgres on a server of the platform, or Amazon RDS.'),
    databaseMove,
    rds,
    cache: z
      .enum(['vm', 'elasticache'], { error: 'vm or elasticache' })
      .default('vm')
      .describe(
        'Redis on a server of the platform, which writes everything down, or Amazon ElastiCache on two nodes, which may ' +
          'lose the newest jobs when one of them fails.',
      ),
    elasticache,
    storage: z
      .enum(['vm', 's3'], { error: 'vm or s3' })
      .default('s3')
      .describe(
        'Files and backups in buckets of Amazon S3, or on a volume of the platform’s; one of yours where ' +
          '`strata:storage.store` names it. Nothing moves from one to the other by itself.',
      ),
    cdn: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe(
        'Public files (cdn.<domain>) by Amazon CloudFront. Tier load-balanced, with dnsZone.',
      ),
    dnsZone: values
      .text('the id of a hosted zone of Route 53, such as Z0123456789ABC', /^[A-Z0-9]{6,32}$/, 32)
      .optional()
      .describe('Where the platform’s names are written, and certificates are proved.'),
    certificate: values
      .text(
        'the ARN of a certificate of ACM, such as arn:aws:acm:eu-central-1:123456789012:certificate/…',
        /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/,
        200,
      )
      .optional()
      .describe('Of the load balancer; made and proved in dnsZone when not given.'),
    permissionsBoundary: values
      .text(
        'the ARN of a policy of IAM, such as arn:aws:iam::123456789012:policy/boundary',
        /^arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]{1,256}$/,
        320,
      )
      .optional()
      .describe('Bounds every role and every user of IAM that is made.'),
    tags: awsTags,
  })
  .superRefine(({ region: where, zones: given = [] }, context) => {
    given.forEach((name, index) => {
      if (name.slice(0, -1) === where) return;
      contradict(context, ['zones', index], {
        reason: `is no zone of region ${where}`,
        advice: `Give zones of ${where}, or change the region.`,
      });
    });
  })
  .superRefine(moveToManaged)
  .describe('Amazon Web Services, for target aws.');

export type AwsSettings = z.output<typeof aws>;

/** Whether requests come through a load balancer of AWS. */
export function isBalanced({ target, tier }: { target: TargetName; tier: TierName }): boolean {
  return target === 'aws' && tier === 'load-balanced';
}

/** Whether AWS runs the cache, on two nodes, and not a server of the platform. */
export function hasManagedCache({
  target,
  aws: { cache },
}: {
  target: TargetName;
  aws: Pick<AwsSettings, 'cache'>;
}): boolean {
  return target === 'aws' && cache === 'elasticache';
}

/** Whether files and backups are in buckets that the target makes. */
export function hasBuckets({
  target,
  aws: { storage },
}: {
  target: TargetName;
  aws: Pick<AwsSettings, 'storage'>;
}): boolean {
  return target === 'aws' && storage === 's3';
}

/** The availability zones; the first holds what is kept. */
export function zonesOf({
  region: where,
  zones: given,
}: AwsSettings): readonly [string, ...string[]] {
  const [first = `${where}a`, ...others] = given ?? [`${where}a`, `${where}b`];
  return [first, ...others];
}

/** How servers without an address of their own reach the internet. */
export function natOf({ aws: { nat }, tier }: { aws: AwsSettings; tier: TierName }): Nat {
  return nat ?? (tier === 'single' ? 'none' : 'one');
}

/** GB of the volume of what is kept. */
export function volumeSize({ volumes }: AwsSettings, content: VolumeContent): number {
  return content === 'database' || content === 'storage' ? volumes[content] : volumes.others;
}

type Nat = NonNullable<AwsSettings['nat']>;
export type EndpointService = AwsSettings['endpoints'][number];
