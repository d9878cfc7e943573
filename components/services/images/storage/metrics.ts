import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from './database';
import type { Swept } from './sweeper';

/** Tenants that have a line of their own; all others share one, so that the number of lines stays small. */
const topTenants = 20;

/** The figures of this service, for Prometheus. */
export class Metrics {
  readonly registry = new Registry();

  private readonly requests = new Histogram({
    name: 'storage_request_seconds',
    help: 'Answered requests, by route and status',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.registry],
  });
  private readonly refusals = new Counter({
    name: 'storage_refusals_total',
    help: 'Requests that were refused, by reason',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  private readonly bytes = new Counter({
    name: 'storage_bytes_total',
    help: 'Bytes of files, stored and sent',
    labelNames: ['direction'] as const,
    registers: [this.registry],
  });
  private readonly swept = new Counter({
    name: 'storage_swept_total',
    help: 'What the sweeper put right: unfinished files and orphans removed, files marked missing and found again',
    labelNames: ['what'] as const,
    registers: [this.registry],
  });

  constructor(database: Database) {
    // A counter that comes with its first refusal is no increase to Prometheus: the first one would alert nobody.
    for (const code of ['quota_exceeded', 'virus_found', 'scanner_unavailable']) {
      this.refusals.inc({ code }, 0);
    }
    this.usage(database, 'bytes', 'Bytes');
    this.usage(database, 'files', 'Files');
  }

  private usage(database: Database, what: 'bytes' | 'files', help: string): void {
    new Gauge({
      name: `storage_tenant_${what}`,
      help: `${help} of the tenants that keep most; _others are the rest`,
      labelNames: ['tenant'] as const,
      registers: [this.registry],
      async collect() {
        const { rows } = await database.asService((sql) =>
          sql.query<{ tenant: string; bytes: string; files: string }>(
            'select * from storage.usage_figures($1)',
            [topTenants],
          ),
        );
        this.reset();
        for (const row of rows) this.set({ tenant: row.tenant }, Number(row[what]));
      },
    });
  }

  answered(route: string, method: string, status: number, seconds: number): void {
    this.requests.observe({ route, method, status: String(status) }, seconds);
  }

  refused(code: string): void {
    this.refusals.inc({ code });
  }

  moved(direction: 'in' | 'out', bytes: number): void {
    this.bytes.inc({ direction }, bytes);
  }

  sweep(swept: Swept): void {
    for (const [what, count] of Object.entries(swept)) this.swept.inc({ what }, count as number);
  }
}
