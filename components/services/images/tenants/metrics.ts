import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type JobResult = 'done' | 'failed' | 'retried' | 'lost';

/** The figures of one worker, for Prometheus. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly jobs = new Counter({
    name: 'strata_tenant_jobs_total',
    help: 'Jobs of tenants by what came of them',
    labelNames: ['action', 'result'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'strata_tenant_job_seconds',
    help: 'How long jobs of tenants took',
    labelNames: ['action'],
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers: [this.registry],
  });

  job(action: string, result: JobResult, seconds: number): void {
    this.jobs.inc({ action, result });
    this.seconds.observe({ action }, seconds);
  }

  /** Jobs by their state, asked anew whenever the figures are read; left out when they cannot be. */
  waiting(read: () => Promise<Readonly<Record<string, number>>>): void {
    new Gauge({
      name: 'strata_tenant_jobs',
      help: 'Jobs of tenants by their state; failed are those that were given up',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const states = await read().catch(() => ({}));
        for (const [state, jobs] of Object.entries(states)) this.set({ state }, jobs);
      },
    });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}
