import { collectDefaultMetrics, Counter, Registry } from 'prom-client';

/** What Prometheus reads. No label says whose request it was. */
export class Metrics {
  readonly registry = new Registry();

  private readonly signIns = new Counter({
    name: 'strata_sessions_sign_ins_total',
    help: 'Sign-ins that a token was made for, by whether it is one of a tenant.',
    labelNames: ['tenant'],
    registers: [this.registry],
  });

  private readonly refreshes = new Counter({
    name: 'strata_sessions_refreshes_total',
    help: 'Tokens that were made by refreshing or by changing the tenant.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  private readonly failures = new Counter({
    name: 'strata_sessions_failures_total',
    help: 'Requests that were refused here, by the reason.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly rejections = new Counter({
    name: 'strata_sessions_rejections_total',
    help: 'Requests that the auth service refused, by what was wanted.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  private readonly revocations = new Counter({
    name: 'strata_sessions_revocations_total',
    help: 'Sign-outs, by what was ended.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  private readonly upstreamErrors = new Counter({
    name: 'strata_sessions_upstream_errors_total',
    help: 'Times that the auth service did not answer as it should.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  signedIn(ofTenant: boolean): void {
    this.signIns.inc({ tenant: ofTenant ? 'yes' : 'none' });
  }

  refreshed(kind: 'refresh' | 'switch'): void {
    this.refreshes.inc({ kind });
  }

  /** `reason` is one of ours, never what a client or the upstream wrote. */
  refused(reason: string): void {
    this.failures.inc({ reason });
  }

  rejected(kind: 'refresh' | 'other'): void {
    this.rejections.inc({ kind });
  }

  revoked(kind: 'one' | 'all'): void {
    this.revocations.inc({ kind });
  }

  upstreamFailed(kind: 'unavailable' | 'timeout' | 'too_large' | 'token' | 'sign_out'): void {
    this.upstreamErrors.inc({ kind });
  }
}
