import type * as pulumi from '@pulumi/pulumi';
import type { Parts, Target } from '../targets/target';
import { Tier } from './tier';

/**
 * Tier `load-balanced`, for more than 100,000 users: like servers behind a load balancer, and apart from them what
 * there is once.
 *
 *                        ┌ app ┐
 *     people ── balancer ┼ app ┼── data: database, cache
 *                        └ app ┘── operations: measurements, tools of operators
 */
export class LoadBalanced extends Tier {
  constructor(name: string, target: Target, parts: Parts, opts: pulumi.ComponentResourceOptions) {
    super('load-balanced', name, target, parts, opts);
  }
}
