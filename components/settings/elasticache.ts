import { z } from 'zod';
import type { AwsSettings } from './aws';
import type { TierName } from './names';
import * as values from './values';

/** Bytes that Valkey has on a node (`maxmemory`), as AWS lists them; what it keeps free is among them. */
const nodeTypes = {
  'cache.t4g.micro': 536_870_912,
  'cache.t4g.small': 1_471_026_299,
  'cache.t4g.medium': 3_317_862_236,
  'cache.m7g.large': 6_854_542_746,
  'cache.m7g.xlarge': 13_891_921_715,
  'cache.m7g.2xlarge': 27_966_669_210,
  'cache.m7g.4xlarge': 56_116_178_125,
  'cache.r7g.large': 14_037_181_030,
  'cache.r7g.xlarge': 28_261_849_702,
  'cache.r7g.2xlarge': 56_711_183_565,
  'cache.r7g.4xlarge': 113_609_865_216,
} as const;

type NodeType = keyof typeof nodeTypes;

const usual: Readonly<Record<TierName, NodeType>> = {
  single: 'cache.t4g.small',
  split: 'cache.t4g.medium',
  'load-balanced': 'cache.m7g.large',
};

const known = Object.keys(nodeTypes) as [NodeType, ...NodeType[]];

/** `strata:aws.elasticache`. */
export const elasticache = z
  .strictObject({
    nodeType: z
      .enum(known, { error: `one of ${known.join(', ')}` })
      .optional()
      .describe(
        `What each of the two nodes is. When not given: ${usual.single} in tier single, ${usual.split} in split, ` +
          `${usual['load-balanced']} in load-balanced.`,
      ),
    snapshotDays: values
      .whole('a whole number of days from 7 to 35, without quotes', 7, 35)
      .default(7)
      .describe('For how long the snapshot of each day is kept.'),
  })
  .prefault({})
  .describe('The cache, where cache is elasticache.');

/** One more than is needed: without an append-only file, the second has what the first takes with it. */
export const nodeCount = 2;

/** How much of a node's memory, in percent, is for snapshots and replicas, not for data. */
export const reservedPercent = 25;

/** What each node is, and how many bytes of data it takes. */
export function cacheNode({ aws, tier }: { aws: AwsSettings; tier: TierName }): {
  readonly type: NodeType;
  readonly bytes: number;
} {
  const type = aws.elasticache.nodeType ?? usual[tier];
  return { type, bytes: Math.floor((nodeTypes[type] * (100 - reservedPercent)) / 100) };
}
