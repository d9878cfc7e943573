import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Result = 'ok' | 'failed' | 'timeout';

/** The figures of one process, for Prometheus. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly runs = new Counter({
    name: 'strata_function_runs_total',
    help: 'Runs of functions that ended',
    labelNames: ['function', 'kind', 'result'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'strata_function_seconds',
    help: 'How long runs of functions took',
    labelNames: ['function', 'kind'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
    registers: [this.registry],
  });
  private readonly stray = new Counter({
    name: 'strata_function_stray_errors_total',
    help: 'Errors that a function left to nobody (unhandled rejections)',
    registers: [this.registry],
  });

  run(name: string, kind: string, result: Result, seconds: number): void {
    this.runs.inc({ function: name, kind, result });
    this.seconds.observe({ function: name, kind }, seconds);
  }

  strayError(): void {
    this.stray.inc();
  }

  /** A figure that `read` gives anew whenever it is asked for; what it cannot read is left out. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Promise<readonly { labels: Record<string, string>; value: number }[]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        this.reset();
        const rows = await read().catch(() => []);
        for (const { labels, value } of rows) this.set(labels, value);
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
