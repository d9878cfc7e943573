import * as pulumi from '@pulumi/pulumi';
import type { CommandInputs, CommandState } from './aws/command';
import type { RolloutInputs, RolloutState } from './aws/rollout';
import type { ServerImageInputs, ServerImageState } from './aws/server-image';
import { withOutputs, type Args } from './sdk-inputs';

/** The strata provider's resources on AWS; what each is and takes stands at its inputs' type. */

export class Command extends pulumi.CustomResource {
  declare readonly commandId: pulumi.Output<CommandState['commandId']>;

  constructor(name: string, args: Args<CommandInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:aws:Command', name, withOutputs(args, ['commandId', 'ranAt', 'stopped']), opts);
  }
}

export class Rollout extends pulumi.CustomResource {
  declare readonly live: pulumi.Output<RolloutState['live']>;

  constructor(name: string, args: Args<RolloutInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:aws:Rollout', name, withOutputs(args, ['live']), opts);
  }
}

export class ServerImage extends pulumi.CustomResource {
  declare readonly imageId: pulumi.Output<ServerImageState['imageId']>;

  constructor(name: string, args: Args<ServerImageInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:aws:ServerImage', name, withOutputs(args, ['imageId']), opts);
  }
}
