import type { Client } from 'pg';
import { messageOf, UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { placeUrl, registryUrl } from './clusters';
import { bringUp, type Brought } from './bring-up';
import { enterAllDone, enterFailed, ownPlaces, type Done } from './fan-out-ledger';
import type { Failure, FanOutReport } from './fan-out-report';
import { Queue } from './fan-out-queue';
import { isBroken, isPassing } from './passing';
import type { Platform } from './provision';
import { Session } from './session';
import { placeOfTenant, type Tenant } from './tenant';

export interface FanOutOptions {
  /** Slugs of the tenants that go first. Default: the first of each shard and model. */
  readonly canaries?: readonly string[];
  /** Places at the same time on each shard; each is a connection. */
  readonly workers?: number;
  readonly stop?: StopRule;
  /** Places that are being changed are finished, no other is begun. */
  readonly signal?: AbortSignal;
  /** Told after each place. */
  readonly progress?: (progress: Progress) => void;
  readonly retry?: RetryRule;
}

/** Nothing more is begun once as many places have failed: the greater of the two counts. */
export interface StopRule {
  readonly places: number;
  /** Of all places, between 0 and 1. */
  readonly share: number;
}

/** For what passes by itself: locks of others, deadlocks, lost connections. Each pause is twice the one before. */
interface RetryRule {
  readonly attempts: number;
  readonly pauseMs: number;
}

export interface Progress {
  readonly slug: string;
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

export const defaultStop: StopRule = { places: 3, share: 0.01 };
export const defaultWorkers = 4;
const defaultRetry: RetryRule = { attempts: 6, pauseMs: 250 };

/**
 * Brings every schema and database of tenants, on all shards, to the plan: a few of them first, and when one of these
 * fails no other is touched. Each place is one transaction: it is as it was or as it is to be. What was reached stands
 * in the registry, so a run that was ended, however, goes on where it was when it is run again. Two runs at the same
 * time take turns at each place.
 *
 * Failures of single places are in the report, with the tables and rows that Postgres names; `refuseFailures` makes an
 * error of them. Throws when the registry cannot be reached, and for a canary that is none. Costs a query for a place
 * at which nothing is to be done, and a connection for each database.
 */
export async function fanOut(
  platform: Platform,
  options: FanOutOptions = {},
): Promise<FanOutReport> {
  return withClient(registryUrl(platform.clusters), async (registry) => {
    await registry.query('set role strata_maintenance');
    const places = await ownPlaces(registry);
    const canaries = canariesOf(places, options.canaries);
    const run = new Run(platform, registry, options, places.length);
    await run.all(canaries, 1, true);
    if (run.failed.length > 0) return run.report('canary');
    await run.all(
      places.filter((place) => !canaries.includes(place)),
      run.mostFailures,
    );
    return run.report('failures');
  });
}

/** The first of each shard and model, unless they are named. */
function canariesOf(places: readonly Tenant[], named: readonly string[] | undefined): Tenant[] {
  if (named) {
    const missing = named.filter((slug) => !places.some((place) => place.slug === slug));
    if (missing.length === 0) return places.filter(({ slug }) => named.includes(slug));
    throw new UserError(
      `No canary: ${missing.join(', ')}. A canary is an active or suspended tenant with a schema or database of its own`,
    );
  }
  return places.filter(
    ({ shard, model }, index) =>
      places.findIndex((place) => place.shard === shard && place.model === model) === index,
  );
}

interface Task {
  readonly tenant: Tenant;
  attempts: number;
}

class Run {
  readonly failed: Failure[] = [];
  readonly mostFailures: number;
  private done = 0;
  private changed = 0;
  private entering: Promise<void> = Promise.resolve();
  private readonly unentered: Done[] = [];
  private readonly retry: RetryRule;

  constructor(
    private readonly platform: Platform,
    private readonly registry: Client,
    private readonly options: FanOutOptions,
    private readonly total: number,
  ) {
    const { places, share } = options.stop ?? defaultStop;
    this.mostFailures = Math.max(places, Math.ceil(share * total), 1);
    this.retry = options.retry ?? defaultRetry;
  }

  /** Brings all of them up, until `mostFailures` failed. Throws what keeps the registry from being written. */
  async all(tenants: readonly Tenant[], mostFailures: number, first = false): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      ...(this.options.signal ? [this.options.signal] : []),
    ]);
    const shards = [...new Set(tenants.map(({ shard }) => shard))];
    const workers = shards.flatMap((shard) => {
      const here = tenants.filter((tenant) => tenant.shard === shard);
      // Schemas first: a connection is used as long as the next place is in the same database.
      const sorted = here.toSorted(
        (a, b) => Number(a.model === 'database') - Number(b.model === 'database'),
      );
      const queue = new Queue<Task>(
        sorted.map((tenant) => ({ tenant, attempts: 0 })),
        signal,
      );
      const count = Math.min(this.options.workers ?? defaultWorkers, here.length);
      return Array.from({ length: count }, () =>
        this.work(queue, first, () => {
          if (this.failed.length >= mostFailures) stop.abort();
        }).catch((error: unknown) => {
          stop.abort();
          throw error;
        }),
      );
    });
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  report(reason: 'canary' | 'failures'): FanOutReport {
    const { total, done, changed, failed } = this;
    const left = done + failed.length < total;
    const stopped = this.options.signal?.aborted ? 'signal' : reason;
    return { total, done, changed, failed, ...(left && { stopped }) };
  }

  private async work(queue: Queue<Task>, first: boolean, failed: () => void): Promise<void> {
    const session = new Session();
    try {
      for (let task = await queue.take(); task; task = await queue.take()) {
        const reached = await this.attempt(session, task.tenant, first);
        if ('applied' in reached) await this.enter(task.tenant, reached);
        else await this.missed(queue, task, reached.error, failed);
      }
    } finally {
      await session.end();
    }
  }

  /** Whatever goes wrong at the place is the place's; what goes wrong at the registry ends the run. */
  private async attempt(
    session: Session,
    tenant: Tenant,
    first: boolean,
  ): Promise<Brought | { error: unknown }> {
    const { clusters, plan } = this.platform;
    try {
      const place = placeOfTenant(tenant);
      const client = await session.at(placeUrl(clusters, place));
      return await bringUp({ client, place, tenantId: tenant.id, plan, first });
    } catch (error) {
      if (isBroken(error)) await session.end();
      return { error };
    }
  }

  private async enter(tenant: Tenant, { changed, applied }: Brought): Promise<void> {
    this.unentered.push({ tenant, applied });
    // Those that come to an end while others are entered are entered together.
    await this.atRegistry(async (client) => {
      const done = this.unentered.splice(0);
      if (done.length > 0) await enterAllDone(client, done, this.platform.plan.version);
    });
    this.done += 1;
    if (changed) this.changed += 1;
    this.tell(tenant);
  }

  private async missed(
    queue: Queue<Task>,
    task: Task,
    error: unknown,
    failed: () => void,
  ): Promise<void> {
    const { tenant } = task;
    task.attempts += 1;
    if (isPassing(error) && task.attempts < this.retry.attempts) {
      queue.putBack(
        task,
        this.retry.pauseMs * 2 ** (task.attempts - 1) * (0.75 + Math.random() / 2),
      );
      return;
    }
    const { slug, model, shard } = tenant;
    this.failed.push({ slug, model, shard, reason: messageOf(error) });
    failed();
    await this.atRegistry((client) => enterFailed(client, tenant, this.platform.plan, error));
    this.tell(tenant);
  }

  /** One after the other: it is one connection. */
  private atRegistry(write: (client: Client) => Promise<void>): Promise<void> {
    const written = this.entering.then(() => write(this.registry));
    this.entering = written.catch(() => undefined);
    return written;
  }

  private tell({ slug }: Tenant): void {
    const { done, failed, total } = this;
    this.options.progress?.({ slug, done, failed: failed.length, total });
  }
}
