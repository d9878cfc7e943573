import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Reason } from './refusal';

export type DoorName = 'check' | 'graphql' | 'socket' | 'session';

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** What Prometheus reads. The label `tenant` is a slug of the registry or empty, never what a caller wrote. */
export class Metrics {
  readonly registry = new Registry();

  private readonly requests = new Counter({
    name: 'strata_guard_requests_total',
    help: 'Requests that were decided on, by what became of them.',
    labelNames: ['door', 'outcome', 'tenant'],
    registers: [this.registry],
  });

  private readonly refusals = new Counter({
    name: 'strata_guard_refusals_total',
    help: 'Requests that were not let through, by the reason: wrong_tenant, token_invalid, rate_limited and so on.',
    labelNames: ['door', 'reason', 'tenant'],
    registers: [this.registry],
  });

  private readonly durations = new Histogram({
    name: 'strata_guard_duration_seconds',
    help: 'Time until the answer was sent; at the door graphql it includes the service behind.',
    labelNames: ['door', 'outcome'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [this.registry],
  });

  private readonly costs = new Histogram({
    name: 'strata_guard_query_cost',
    help: 'Cost of the GraphQL operations that were let through.',
    buckets: [1, 10, 100, 1_000, 10_000, 100_000],
    registers: [this.registry],
  });

  private readonly sockets = new Gauge({
    name: 'strata_guard_sockets',
    help: 'Sockets that are open, those included that have not said yet who they are.',
    registers: [this.registry],
  });

  private readonly operations = new Gauge({
    name: 'strata_guard_socket_operations',
    help: 'Operations that run over sockets, by their kind: query, mutation, subscription.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  private readonly closings = new Counter({
    name: 'strata_guard_sockets_closed_total',
    help: 'Sockets that have ended, by the reason: client_left, token_expired, tenant_suspended and so on.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly messages = new Counter({
    name: 'strata_guard_socket_messages_total',
    help: 'Messages over sockets: from clients, to clients, and those of services behind that nobody asked for.',
    labelNames: ['way'],
    registers: [this.registry],
  });

  private readonly troubles = new Counter({
    name: 'strata_guard_troubles_total',
    help: 'Times that something which the guard needs did not work.',
    labelNames: ['what'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  decided(seen: {
    readonly door: DoorName;
    readonly tenant: string;
    readonly reason: Reason | undefined;
    readonly seconds: number;
  }): void {
    const { door, tenant, reason, seconds } = seen;
    const outcome = reason === undefined ? 'passed' : 'refused';
    this.requests.inc({ door, outcome, tenant });
    if (reason !== undefined) this.refusals.inc({ door, reason, tenant });
    this.durations.observe({ door, outcome }, seconds);
  }

  cost(cost: number): void {
    this.costs.observe(cost);
  }

  socketOpened(): void {
    this.sockets.inc();
  }

  socketClosed(reason: Reason): void {
    this.sockets.dec();
    this.closings.inc({ reason });
  }

  operationStarted(kind: OperationKind): void {
    this.operations.inc({ kind });
  }

  operationEnded(kind: OperationKind): void {
    this.operations.dec({ kind });
  }

  message(way: 'in' | 'out' | 'unasked'): void {
    this.messages.inc({ way });
  }

  trouble(what: 'redis' | 'database' | 'listener' | 'usage'): void {
    this.troubles.inc({ what });
  }
}
