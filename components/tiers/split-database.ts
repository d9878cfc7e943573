import type * as pulumi from '@pulumi/pulumi';
import type { Parts, Target } from '../targets/target';
import { Tier } from './tier';

/**
 * Tier `split`, for up to about 100,000 users: what keeps data has a server of its own, and its memory.
 *
 *     people ── app: gateway, services ── data: database, cache
 */
export class SplitDatabase extends Tier {
  constructor(name: string, target: Target, parts: Parts, opts: pulumi.ComponentResourceOptions) {
    super('split', name, target, parts, opts);
  }
}
