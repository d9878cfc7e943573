import type { Client } from 'pg';
import { messageOf } from '../../../../engine/errors';
import { withClient } from '../../../../provider/database/connect';
import { complete, fail, hold, mostAttempts, type Held } from '../../../../provider/tenancy/jobs';
import type { Platform } from '../../../../provider/tenancy/provision';
import { clustersFrom } from '../../../../provider/tenancy/reach';
import type { TenantStore } from '../../../../provider/tenancy/stores/store';
import { RefusedError } from '../../../../provider/tenancy/wanted';
import { perform, type Tools } from './actions';
import type { Log } from './log';
import type { JobResult, Metrics } from './metrics';

export interface RunnerOptions
  extends Pick<Tools, 'model' | 'exports'>, Omit<Platform, 'clusters'> {
  /** Of the migrator, to the database with the registry, past the pooler. */
  readonly url: string;
  /** Everywhere where tenants keep something. */
  readonly stores: (platform: Platform) => readonly TenantStore[];
  /** After so long without a sign of life another worker takes a job over. */
  readonly leaseSeconds: number;
  /** Before the second attempt; each further pause is twice as long. */
  readonly retrySeconds: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Fields = Readonly<Record<string, unknown>>;

/** Does jobs that this worker holds, and enters what came of them. */
export class Runner {
  constructor(private readonly options: RunnerOptions) {}

  /** Never throws: what cannot be entered is taken over by somebody when the lease ends. */
  async run(job: Held): Promise<void> {
    const { log, leaseSeconds } = this.options;
    const { id, action, slug, attempt } = job;
    const fields = { job: id, action, tenant: slug, attempt };
    log('info', 'takes a job', fields);
    const started = performance.now();
    let said: string | undefined;
    // One after the other, so that what was said last stands last.
    let kept = Promise.resolve();
    const keep = (): void => {
      kept = kept.then(() => this.keep(job, said));
    };
    const beat = setInterval(keep, leaseSeconds * 250);
    try {
      const outcome = await perform(job, await this.tools(), (progress) => {
        said = progress;
        keep();
      });
      await kept;
      const mine = await this.note((client) => complete(client, job, outcome));
      this.ended(job, mine ? 'done' : 'lost', started, fields);
    } catch (error) {
      await this.failed(job, error, started, fields);
    } finally {
      clearInterval(beat);
    }
  }

  /** On a connection of its own: the one that listens may be lost while a job goes on. */
  note<T>(write: (client: Client) => Promise<T>): Promise<T> {
    return withClient(this.options.url, async (client) => {
      await client.query('set role strata_maintenance');
      return write(client);
    });
  }

  /** A shard that is new in the registry is there for the next job. */
  private async tools(): Promise<Tools> {
    const { url, plan, master, stores, model, exports } = this.options;
    const platform = { clusters: await clustersFrom(url), plan, master };
    return { platform, stores: stores(platform), model, exports };
  }

  private async failed(job: Held, error: unknown, started: number, fields: Fields): Promise<void> {
    const last = error instanceof RefusedError || job.attempt >= mostAttempts;
    const pause = last ? undefined : this.options.retrySeconds * 2 ** (job.attempt - 1);
    const reason = messageOf(error);
    try {
      const became = await this.note((client) => fail(client, job, reason, pause));
      const result = became === undefined ? 'lost' : became === 'failed' ? 'failed' : 'retried';
      this.ended(job, result, started, {
        ...fields,
        reason,
        ...(result === 'retried' && { retryAfterSeconds: pause }),
      });
    } catch (trouble) {
      const more = { ...fields, reason, trouble: messageOf(trouble) };
      this.options.log('error', 'a job failed, and that could not be entered', more);
    }
  }

  private async keep(job: Held, progress: string | undefined): Promise<void> {
    try {
      await this.note((client) => hold(client, job, this.options.leaseSeconds, progress));
    } catch (error) {
      const fields = { job: job.id, reason: messageOf(error) };
      this.options.log('warn', 'a lease could not be renewed', fields);
    }
  }

  private ended({ action }: Held, result: JobResult, started: number, fields: Fields): void {
    const seconds = (performance.now() - started) / 1000;
    this.options.metrics.job(action, result, seconds);
    const level = result === 'done' ? 'info' : result === 'failed' ? 'error' : 'warn';
    this.options.log(level, says[result], { ...fields, milliseconds: Math.round(seconds * 1000) });
  }
}

const says: Readonly<Record<JobResult, string>> = {
  done: 'did a job',
  failed: 'gave a job up',
  retried: 'a job failed and is tried again',
  lost: 'a job was taken over by another worker before it was done here',
};
