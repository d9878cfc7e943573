import { z } from 'zod';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { autoScaling, loadBalancing, readAws, regionInput, withAws } from './api';
import { findGroup, wordFor } from './group';
import { refresh } from './refresh';
import { untilHealthy } from './targets';

/**
 * All servers of a scaling group are of one version of its launch template, and healthy behind their balancers.
 *
 * Another version replaces them by an instance refresh of AWS: new servers come up before old ones go, and when the new ones
 * do not become healthy AWS goes back to the version before, and the resource fails with the reasons. An interrupted
 * deployment leaves the refresh alone; the next one follows it. The group itself must not be told of another version by
 * anybody else: it launches what the last successful refresh has left. Somebody's change shows when the stack is refreshed.
 *
 * @example
 * new Rollout('app', {
 *   region, group: group.name, launchTemplate: template.id, version: template.latestVersion,
 *   targetGroups: [targets.arn], warmUpSeconds: 60, timeoutSeconds: 1800,
 * }, { parent: this });
 */
export interface RolloutInputs {
  region: string;
  /** The scaling group's name. */
  group: string;
  /** Id of the launch template. */
  launchTemplate: string;
  /** A number: AWS cannot go back from `$Latest`. */
  version: number;
  /** ARNs of the balancers' groups that the servers are in. */
  targetGroups: string[];
  /** How long a new server is watched before the next one is replaced. */
  warmUpSeconds: number;
  /** For everything together. */
  timeoutSeconds: number;
}

export interface RolloutState extends RolloutInputs {
  /** What the group launches, as AWS says it: `lt-0123456789abcdef0:7`. */
  live: string;
}

export const rollout: Resource<RolloutInputs, RolloutState> = {
  inputs: z.object({
    region: regionInput,
    group: z.string().min(1).max(255),
    launchTemplate: z.string().regex(/^lt-[0-9a-f]{8,17}$/, 'must be an id: lt-…'),
    version: z.int().positive(),
    targetGroups: z
      .array(
        z.string().regex(/^arn:[\w-]+:elasticloadbalancing:/, 'must be the ARN of a target group'),
      )
      .min(1),
    warmUpSeconds: z.int().nonnegative(),
    timeoutSeconds: z.int().positive(),
  }),
  computed: ['live'],
  volatile: ['live'],

  diff: (state, inputs) => ({
    ...differences(
      state,
      inputs,
      ['region', 'group', 'launchTemplate', 'version', 'targetGroups'],
      'update',
    ),
    ...(state.live !== wordFor(state) && { live: 'update' as const }),
  }),

  create: async (inputs, context) => ({ id: inputs.group, state: await roll(inputs, context) }),

  read: (_id, state, context) =>
    readAws(state, context, async () => {
      const scaling = await autoScaling(state.region);
      const group = await findGroup(scaling, state.group, context.signal);
      return group && { ...state, live: group.launches };
    }),

  update: (_id, _state, inputs, context) => roll(inputs, context),

  delete: () => Promise.resolve(),
};

function roll(inputs: RolloutInputs, context: Context): Promise<RolloutState> {
  return withAws(context, async () => {
    const { region, timeoutSeconds } = inputs;
    const patience = {
      deadline: Date.now() + timeoutSeconds * 1000,
      signal: context.signal,
    };
    const [scaling, balancing] = await Promise.all([autoScaling(region), loadBalancing(region)]);
    await refresh(scaling, inputs, context, patience);
    await untilHealthy({ scaling, balancing }, inputs, context, patience);
    return { ...inputs, live: wordFor(inputs) };
  });
}
