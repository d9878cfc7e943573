import type * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { TierName } from '../../settings/schema';

export interface TagArgs {
  readonly tier: TierName;
  /** What the config adds, such as `cost-centre`. */
  readonly more: Readonly<Record<string, string>>;
}

/** What everything of this stack is tagged with: who made it, and what for. */
export function tags({ tier, more }: TagArgs): Record<string, string> {
  return {
    ...more,
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    tier,
  };
}

/**
 * What AWS's provider is made with: the region, and tags on all that has tags. What AWS itself makes (the volumes and
 * servers of a scaling group) gets none of them: its launch template names `tags` again.
 */
export function providerArgs(region: aws.Region, args: TagArgs): aws.ProviderArgs {
  return { region, defaultTags: { tags: tags(args) } };
}
