import { expect } from 'vitest';
import type { Client } from 'pg';
import { Metrics } from '../../../components/services/images/tenants/metrics';
import { Worker, type WorkerOptions } from '../../../components/services/images/tenants/worker';
import { jobState, type JobState } from '../../../provider/tenancy/jobs';
import { postgresStore } from '../../../provider/tenancy/stores/postgres';
import { OneCluster } from './one-cluster';
import { master } from './platform';

/** Long enough for a machine that is busy with something else. */
export const soon = { timeout: 60_000, interval: 50 };

/** One cluster, workers in this process, and what they log. */
export class WorkerWorld {
  readonly lines: Record<string, unknown>[] = [];
  private readonly workers: Worker[] = [];

  private constructor(
    private readonly one: OneCluster,
    /** As a trusted backend. */
    private readonly app: Client,
  ) {}

  static async start(): Promise<WorkerWorld> {
    const one = await OneCluster.start();
    return new WorkerWorld(one, await one.server.connect('strata_app', 'strata'));
  }

  get server(): OneCluster['server'] {
    return this.one.server;
  }

  get platform(): OneCluster['platform'] {
    return this.one.platform;
  }

  get admin(): Client {
    return this.one.admin;
  }

  /** Ends all workers and forgets what they did. */
  async reset(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.stop()));
    this.lines.length = 0;
    await this.admin.query('delete from registry.tenant_jobs');
  }

  stop(): Promise<void> {
    return this.one.stop();
  }

  work(more: Partial<WorkerOptions> = {}): Worker {
    const worker = new Worker({
      url: this.server.url('strata_migrator', 'strata'),
      master,
      plan: this.platform.plan,
      stores: (made) => [postgresStore(made)],
      exports: undefined,
      model: 'shared',
      atOnce: 2,
      leaseSeconds: 2,
      retrySeconds: 0.01,
      pollSeconds: 5,
      log: (level, message, fields) => this.lines.push({ level, message, ...fields }),
      metrics: new Metrics(),
      ...more,
    });
    this.workers.push(worker);
    worker.start();
    return worker;
  }

  /** The job that was asked for. */
  async signUp(slug: string, model: string | null = null): Promise<string> {
    const { rows } = await this.app.query<{ job: string }>(
      "select tenancy.sign_up($1, 'A name', 'ann@example.org', $2) as job",
      [slug, model],
    );
    return rows[0]?.job ?? '';
  }

  async signUpState(job: string): Promise<unknown> {
    const { rows } = await this.app.query('select * from tenancy.sign_up_state($1)', [job]);
    return rows[0];
  }

  /** What became of a job, when it is over. */
  async ends(job: string): Promise<JobState> {
    await expect
      .poll(async () => (await jobState(this.platform.clusters, job)).state, soon)
      .toMatch(/done|failed/);
    return jobState(this.platform.clusters, job);
  }
}
