import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus reads. No label holds what a client wrote. */
export class Metrics {
  readonly registry = new Registry();

  private readonly sockets = new Gauge({
    name: 'strata_realtime_sockets',
    help: 'Sockets that are open, those included that have not said yet who they are.',
    registers: [this.registry],
  });

  private readonly channels = new Gauge({
    name: 'strata_realtime_channels',
    help: 'Channels that sockets have joined.',
    registers: [this.registry],
  });

  private readonly messages = new Counter({
    name: 'strata_realtime_messages_total',
    help: 'Messages over sockets: from clients (in), to clients (out).',
    labelNames: ['way'],
    registers: [this.registry],
  });

  private readonly refusals = new Counter({
    name: 'strata_realtime_refusals_total',
    help: 'Joins and messages that were refused, by the reason.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly closings = new Counter({
    name: 'strata_realtime_sockets_closed_total',
    help: 'Sockets that have ended, by the reason.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly delays = new Histogram({
    name: 'strata_realtime_delivery_seconds',
    help: 'Time from when a broadcast was sent, or a change was made, until it was written to a socket.',
    labelNames: ['kind'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  opened(): void {
    this.sockets.inc();
  }

  closed(reason: string): void {
    this.sockets.dec();
    this.closings.inc({ reason });
  }

  joined(): void {
    this.channels.inc();
  }

  left(): void {
    this.channels.dec();
  }

  message(way: 'in' | 'out'): void {
    this.messages.inc({ way });
  }

  refused(reason: string): void {
    this.refusals.inc({ reason });
  }

  /** `since` in milliseconds since 1970. */
  delivered(kind: 'broadcast' | 'changes', since: number): void {
    this.delays.observe({ kind }, Math.max(0, Date.now() - since) / 1000);
  }
}
