import type * as pulumi from '@pulumi/pulumi';
import type { Parts, Target } from '../targets/target';
import { Tier } from './tier';

/**
 * Tier `single`, for up to about 10,000 users: everything stands on one server.
 *
 *     people ── server: gateway, services, database, cache
 */
export class SingleServer extends Tier {
  constructor(name: string, target: Target, parts: Parts, opts: pulumi.ComponentResourceOptions) {
    super('single', name, target, parts, opts);
  }
}
