import * as pulumi from '@pulumi/pulumi';
import { tierNames } from '../settings/names';
import type { TierName } from '../settings/schema';
import type { Address, Parts, Placed, Target } from '../targets/target';
import { groupsOf } from './placement';

const types: Readonly<Record<TierName, string>> = {
  single: 'strata:tiers:SingleServer',
  split: 'strata:tiers:SplitDatabase',
  'load-balanced': 'strata:tiers:LoadBalanced',
};

/**
 * How many, and how split: a component that places the services on servers. Knows no target: each realises the groups
 * of servers as what it has. Data and its keys are not below it, so another tier takes them over as they are; of what is
 * below it, whatever has the same name in both tiers is the same resource.
 */
export abstract class Tier extends pulumi.ComponentResource {
  /** The database, from the engine's machine. */
  readonly reach: pulumi.Input<Address>;
  readonly entrance: pulumi.Output<string> | undefined;
  readonly placed: readonly Placed[];

  constructor(
    tier: TierName,
    name: string,
    target: Target,
    parts: Parts,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super(types[tier], name, {}, { ...opts, aliases: others(tier) });
    const { reach, entrance, placed } = target.deploy(
      { ...parts, groups: groupsOf(tier, parts) },
      { parent: this },
    );
    this.reach = reach;
    this.entrance = entrance;
    this.placed = placed;
    this.registerOutputs({});
  }
}

/** The same component as it was called in every other tier. */
function others(tier: TierName): pulumi.Alias[] {
  return tierNames.flatMap((name) => (name === tier ? [] : [{ name, type: types[name] }]));
}
