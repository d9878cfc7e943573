import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mainShard, models, type Model } from '../../../tenancy/places';
import type { Held, JobAction } from '../../../../provider/tenancy/jobs';
import {
  configureTenant,
  createTenant,
  resumeTenant,
  suspendTenant,
} from '../../../../provider/tenancy/lifecycle';
import { synchronise, type Platform } from '../../../../provider/tenancy/provision';
import type { TenantStore } from '../../../../provider/tenancy/stores/store';
import { findTenant, inRegistry } from '../../../../provider/tenancy/registry';
import { dataActions } from './data-actions';
import { defined, nameOf, read } from './arguments';

/** What jobs are done with. */
export interface Tools {
  readonly platform: Platform;
  /** Everywhere where tenants keep something. */
  readonly stores: readonly TenantStore[];
  /** The folder of exports; undefined where there is none. */
  readonly exports: string | undefined;
  /** Of tenants that sign up without saying one. */
  readonly model: Model;
}

/** What came of a job. */
export interface Outcome {
  readonly tenantId?: string;
  readonly result?: unknown;
}

export type Action = (
  job: Held,
  tools: Tools,
  tell: (progress: string) => void,
) => Promise<Outcome>;

const limit = z.number().nullable().optional();
const limits = z.strictObject({
  maxConnections: limit,
  statementTimeoutMs: limit,
  storageBytes: limit,
  requestsPerMinute: limit,
});

const creation = z.strictObject({
  name: z.string(),
  /** Of a sign-up. */
  admin: z.string().optional(),
  /** Of an operator. */
  members: z
    .array(z.strictObject({ user: z.string(), role: z.enum(['admin', 'member']) }))
    .optional(),
  model: z.enum(models).optional(),
  shard: z.string().optional(),
  limits: limits.optional(),
});

const configuration = z.strictObject({
  name: z.string().optional(),
  limits: limits.optional(),
  rotateLogin: z.boolean().optional(),
});

const actions: Readonly<Record<JobAction, Action>> = {
  async create(job, { platform, stores, model }, tell) {
    const asked = read(creation, job);
    const { admin, members = admin === undefined ? [] : [{ user: admin, role: 'admin' }] } = asked;
    const { id, slug } = await createTenant(
      platform,
      stores,
      {
        id: tenantIdOf(job.id),
        slug: job.slug,
        name: asked.name,
        model: asked.model ?? model,
        shard: asked.shard ?? (await roomiest(platform)),
        members,
        ...(asked.limits && { limits: defined(asked.limits) }),
      },
      tell,
    );
    return { tenantId: id, result: { id, slug } };
  },
  async suspend(job, { platform }) {
    return { tenantId: (await suspendTenant(platform, nameOf(job))).id };
  },
  async resume(job, { platform }) {
    return { tenantId: (await resumeTenant(platform, nameOf(job))).id };
  },
  async configure(job, { platform }) {
    const { name, limits: changed, rotateLogin } = read(configuration, job);
    const { id } = await configureTenant(platform, nameOf(job), {
      ...(name !== undefined && { name }),
      ...(changed && { limits: defined(changed) }),
      ...(rotateLogin !== undefined && { rotateLogin }),
    });
    return { tenantId: id };
  },
  async synchronise(job, { platform: { clusters } }) {
    const tenant = await findTenant(clusters, nameOf(job));
    // One that is being made is brought there by its making, one that is deleted needs nothing.
    if (tenant.status === 'active' || tenant.status === 'suspended') {
      await synchronise(clusters, tenant);
    }
    return { tenantId: tenant.id };
  },
  ...dataActions,
};

/** Does a job. Whatever it throws, the job may be done again; `RefusedError` says that this is of no use. */
export function perform(
  job: Held,
  tools: Tools,
  tell: (progress: string) => void,
): Promise<Outcome> {
  return actions[job.action](job, tools, tell);
}

/**
 * The id of the tenant that a job makes: whoever takes the job over makes the same one. It does not tell the job's id,
 * which is what its state is asked by.
 */
export function tenantIdOf(jobId: string): string {
  const hash = createHash('sha256').update(`strata tenant of job ${jobId}`).digest('hex');
  const [a, b, c, d, e] = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `a${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return [a, b, c, d, e].join('-');
}

/** The platform's own cluster while it has room, and then the one with the fewest tenants. */
async function roomiest({ clusters }: Platform): Promise<string> {
  const open = await inRegistry(clusters, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select s.name from registry.shards s left join registry.tenants t on t.shard = s.name
       where s.status = 'open' group by s.name order by s.name <> $1, count(t.id), s.name`,
      [mainShard],
    );
    return rows.map(({ name }) => name).filter((name) => clusters.has(name));
  });
  const [first = mainShard] = open;
  return first;
}
