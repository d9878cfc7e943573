import type { Client } from 'pg';
import { UserError } from '../../engine/errors';
import type { Clusters } from './clusters';
import { inRegistry } from './registry';

/** What a worker may be asked for. */
export type JobAction =
  | 'create'
  | 'suspend'
  | 'resume'
  | 'configure'
  | 'synchronise'
  | 'export'
  | 'import'
  | 'anonymise'
  | 'delete';

/** What is told when there is something to do; empty, or a job's id. */
export const jobChannel = 'strata_tenants';

/** In the place of a slug, for the last step of a deletion: a job that named the tenant would be a trace of it. */
export const nobody = '-';

/** How often a job is tried. */
export const mostAttempts = 5;

/** A job that this worker holds until its lease ends. */
export interface Held {
  /** UUID. */
  readonly id: string;
  readonly lease: string;
  readonly action: JobAction;
  /** Null of a tenant that is to be made. */
  readonly tenantId: string | null;
  readonly slug: string;
  /** As it was asked for: whoever reads it does not trust it. */
  readonly arguments: unknown;
  /** This one; 1 for the first. */
  readonly attempt: number;
}

/** What became of a job. */
export interface JobState {
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  readonly error: string | null;
  readonly progress: string | null;
  readonly result: unknown;
  readonly attempts: number;
}

/** What is to be done, by a worker. */
export interface WantedJob {
  readonly action: JobAction;
  readonly slug: string;
  readonly tenantId?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** Asks the worker for something; returns the job's id. */
export function enqueue(clusters: Clusters, job: WantedJob): Promise<string> {
  return inRegistry(clusters, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `insert into registry.tenant_jobs (action, slug, tenant_id, arguments) values ($1, $2, $3, $4) returning id`,
      [job.action, job.slug, job.tenantId ?? null, JSON.stringify(job.arguments ?? {})],
    );
    const id = rows[0]?.id ?? '';
    await client.query('select pg_notify($1, $2)', [jobChannel, id]);
    return id;
  });
}

/** Throws one sentence when there is no such job. */
export function jobState(clusters: Clusters, id: string): Promise<JobState> {
  return inRegistry(clusters, async (client) => {
    const { rows } = await client.query<JobState>(
      'select state, error, progress, result, attempts from registry.tenant_jobs where id = $1',
      [id],
    );
    const [job] = rows;
    if (job) return job;
    throw new UserError(`There is no job ${id} any more`);
  });
}

/**
 * The job that is due first, held for `leaseSeconds`: one that waits, or one whose worker did not come back. Jobs of one
 * tenant are done in the order in which they were asked for. `client` is maintenance, outside of a transaction.
 */
export async function claim(client: Client, leaseSeconds: number): Promise<Held | undefined> {
  await client.query(
    `update registry.tenant_jobs set state = 'failed', ended_at = now(), lease = null,
       error = coalesce(error || '; ', '') || 'its worker ended while it was done, ' || attempts || ' times'
     where state = 'running' and due_at <= now() and attempts >= $1`,
    [mostAttempts],
  );
  const { rows } = await client.query<Held>(
    `with due as (
       select id from registry.tenant_jobs j
       where state in ('queued', 'running') and due_at <= now()
         and not exists (select from registry.tenant_jobs e where e.slug = j.slug and e.state in ('queued', 'running')
           and (e.requested_at, e.id) < (j.requested_at, j.id))
       order by due_at for update skip locked limit 1
     )
     update registry.tenant_jobs j
     set state = 'running', lease = gen_random_uuid(), attempts = attempts + 1, due_at = now() + $1::float8 * interval '1 second'
     from due where j.id = due.id
     returning j.id, j.lease, j.action, j.tenant_id as "tenantId", j.slug, j.arguments, j.attempts as attempt`,
    [leaseSeconds],
  );
  return rows[0];
}

/** Keeps a job, and says how far it is; false when somebody else has it by now. */
export async function hold(
  client: Client,
  { id, lease }: Held,
  leaseSeconds: number,
  progress?: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update registry.tenant_jobs set due_at = now() + $3::float8 * interval '1 second', progress = coalesce($4, progress)
     where id = $1 and lease = $2 and state = 'running'`,
    [id, lease, leaseSeconds, progress ?? null],
  );
  return rowCount === 1;
}

/** Enters that a job is done, and what came of it; false when somebody else has it by now. */
export async function complete(
  client: Client,
  { id, lease }: Held,
  { tenantId, result }: { readonly tenantId?: string; readonly result?: unknown },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `with ended as (
       update registry.tenant_jobs set state = 'done', ended_at = now(), lease = null, error = null,
         tenant_id = coalesce($3, tenant_id), result = $4
       where id = $1 and lease = $2 and state = 'running' returning id
     ) select pg_notify($5, '') from ended`,
    [id, lease, tenantId ?? null, JSON.stringify(result ?? null), jobChannel],
  );
  return rowCount === 1;
}

/**
 * Enters that a job failed: it is tried again after `pauseSeconds`, or never when that is undefined. What becomes of it;
 * undefined when somebody else has it by now.
 */
export async function fail(
  client: Client,
  { id, lease }: Held,
  error: string,
  pauseSeconds: number | undefined,
): Promise<'queued' | 'failed' | undefined> {
  const state = pauseSeconds === undefined ? 'failed' : 'queued';
  const { rowCount } = await client.query(
    `update registry.tenant_jobs set state = $3, error = left($4, 2000), lease = null,
       due_at = now() + coalesce($5::float8, 0) * interval '1 second', ended_at = case when $3 = 'failed' then now() end
     where id = $1 and lease = $2 and state = 'running'`,
    [id, lease, state, error, pauseSeconds ?? null],
  );
  return rowCount === 1 ? state : undefined;
}

/** In how many seconds something is due that is not yet: a pause that ends, a lease that does. */
export async function nextDue(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ seconds: number | null }>(
    `select extract(epoch from min(due_at) - now())::float8 as seconds from registry.tenant_jobs
     where state in ('queued', 'running') and due_at > now()`,
  );
  return rows[0]?.seconds ?? undefined;
}

/** Forgets what ended long ago; how many jobs. */
export async function sweep(client: Client, days: number): Promise<number> {
  const { rowCount } = await client.query(
    "delete from registry.tenant_jobs where state in ('done', 'failed') and ended_at < now() - $1 * interval '1 day'",
    [days],
  );
  return rowCount ?? 0;
}

/** Jobs by their state; those that were given up are `failed`. */
export async function counts(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ state: string; jobs: number }>(
    'select state, count(*)::int as jobs from registry.tenant_jobs group by state',
  );
  return Object.fromEntries(rows.map(({ state, jobs }) => [state, jobs]));
}
