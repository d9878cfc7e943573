import { collectDefaultMetrics, Counter, Registry } from 'prom-client';

/** What Prometheus reads. The label `client` is an id of the config or empty, never what a caller wrote. */
export class Metrics {
  readonly registry = new Registry();

  private readonly tokens = new Counter({
    name: 'strata_oauth_tokens_total',
    help: 'Access tokens that were issued, by grant and client.',
    labelNames: ['grant', 'client'],
    registers: [this.registry],
  });

  private readonly refusals = new Counter({
    name: 'strata_oauth_refusals_total',
    help: 'Requests that were refused: where, and why (an error code of OAuth, or too_many_failures).',
    labelNames: ['endpoint', 'reason', 'client'],
    registers: [this.registry],
  });

  private readonly signIns = new Counter({
    name: 'strata_oauth_sign_ins_total',
    help: 'Passwords that were tried, by what became of it: right, code (a second factor was asked for), wrong, limited.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  private readonly revocations = new Counter({
    name: 'strata_oauth_revocations_total',
    help: 'Access tokens that were ended before their time.',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  issued(grant: string, client: string): void {
    this.tokens.inc({ grant, client });
  }

  refused(endpoint: string, reason: string, client: string): void {
    this.refusals.inc({ endpoint, reason, client });
  }

  signedIn(outcome: 'right' | 'code' | 'wrong' | 'limited'): void {
    this.signIns.inc({ outcome });
  }

  revoked(): void {
    this.revocations.inc();
  }
}
