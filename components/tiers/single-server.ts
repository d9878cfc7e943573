import * as pulumi from '@pulumi/pulumi';
import type { DatabaseServer, Placed } from '../targets/target';
import { inOrder, placeDatabase } from './order';
import type { Tier, TierArgs } from './tier';

/**
 * Tier `single`, for up to about 10,000 users: everything stands on one server.
 *
 *     server ── database ── schema ── services
 */
export class SingleServer extends pulumi.ComponentResource implements Tier {
  readonly database: DatabaseServer;
  readonly placed: readonly Placed[];

  constructor(name: string, args: TierArgs, opts: pulumi.ComponentResourceOptions) {
    super('strata:tiers:SingleServer', name, {}, opts);
    const server = args.target.site({ parent: this });
    this.database = placeDatabase(server, args, { parent: this });
    const schema = args.schema(this.database);
    this.placed = inOrder(server, args, this.database, { parent: this, dependsOn: schema });
    this.registerOutputs({});
  }
}
