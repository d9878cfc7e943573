import * as pulumi from '@pulumi/pulumi';
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
 * of servers as what it has. Data and its keys are not below it, so another tier takes them over as they are.
 */
export abstract class Tier extends pulumi.ComponentResource {
  /** The database, from the engine's machine. */
  readonly reach: Address;
  readonly placed: readonly Placed[];

  constructor(
    tier: TierName,
    name: string,
    target: Target,
    parts: Parts,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super(types[tier], name, {}, opts);
    const { reach, placed } = target.deploy(
      { ...parts, groups: groupsOf(tier, parts) },
      { parent: this },
    );
    this.reach = reach;
    this.placed = placed;
    this.registerOutputs({});
  }
}
