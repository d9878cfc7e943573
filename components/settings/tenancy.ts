import { z } from 'zod';
import { mainShard, models } from '../tenancy/places';
import { contradict, oneAdmin } from './contradictions';
import * as names from './names';
import { secretName } from './secrets';
import * as values from './values';

const shardName = values
  .text(
    'a lower-case ASCII letter, then up to 30 of a-z, 0-9 and -',
    /^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$/,
    31,
  )
  .refine((name) => name !== mainShard, {
    error: `a name that is not "${mainShard}": that is the platform's own`,
  });

const tenantLimits = z
  .strictObject({
    connections: values
      .whole('a whole number from 1 to 500, without quotes', 1, 500)
      .optional()
      .describe('Connections at the same time, where it has a database of its own.'),
    statementTimeoutMs: values
      .whole('a whole number from 100 to 3600000, without quotes', 100, 3_600_000)
      .optional()
      .describe('How long one statement may take; services have limits of their own besides.'),
    storage: values.memory.optional().describe('What its files may take.'),
  })
  .describe('What a tenant may use, where that is not what all may.');

const tenant = z
  .strictObject({
    name: values.displayName.optional().describe('As people read it; the slug when not given.'),
    model: z
      .enum(models)
      .optional()
      .describe('How its rows are kept apart; strata:tenancy.model when not given.'),
    shard: z
      .union([z.literal(mainShard), shardName])
      .default(mainShard)
      .describe('The database cluster with its rows: main, or one of strata:tenancy.shards.'),
    limits: tenantLimits.prefault({}),
    members: z
      .record(values.userName, z.enum(names.roleNames))
      .superRefine(oneAdmin)
      .describe('User name → admin or member. At least one admin.'),
  })
  .describe('A tenant and who belongs to it.');

const shard = z
  .strictObject({
    host: values.domain.describe('Where services reach it.'),
    port: values.port.default(5432),
    url: secretName.describe(
      'The name, in strata:secrets, of the URL by which its admin is reached from where you deploy.',
    ),
  })
  .describe('Another database cluster, which you run.');

/** `strata:tenancy`: the tenants, and how they are kept apart. */
export const tenancy = z
  .strictObject({
    model: z
      .enum(models)
      .default('shared')
      .describe(
        'How tenants are kept apart: rows of shared tables, a schema each, a database each.',
      ),
    unknownTables: z
      .enum(names.unknownTableRules)
      .default('refuse')
      .describe(
        'What happens when the database has a table that tenancy.ts does not name: refuse fails the deployment, report warns.',
      ),
    shards: z
      .record(shardName, shard)
      .default({})
      .describe("Name → database cluster, besides the platform's own."),
    tenants: z.record(values.tenantSlug, tenant).default({}).describe('Slug → tenant.'),
  })
  .superRefine(({ shards, tenants }, context) => {
    for (const [slug, { shard: where }] of Object.entries(tenants)) {
      if (where === mainShard || where in shards) continue;
      contradict(context, ['tenants', slug, 'shard'], {
        reason: 'names a shard that strata:tenancy.shards does not have',
        advice: `Use ${[mainShard, ...Object.keys(shards)].join(', ')}, or add it there.`,
      });
    }
  });

export type TenancySettings = z.output<typeof tenancy>;
