import type { Recorded, ResourceRule } from '../rule';
import { at, given, list, notYetKnown } from '../values';

/** By which costs and resources are told apart. */
const wanted = ['project', 'stack', 'tier'] as const;

/** Types of what a launch template makes; default tags of the provider do not reach them. */
const launched = ['instance', 'volume'] as const;

/** Everything says whose it is. */
export const tags: readonly ResourceRule[] = [
  {
    name: 'tagged',
    description: `Everything that AWS can tag has ${wanted.join(', ')}. Make it with the target's own provider, whose defaultTags has them.`,
    types: ['aws:*'],
    problems: ({ props, provider }) => {
      const missing = missingIn(defaultTags(provider)).filter(
        (key) => at(props.tagsAll ?? props.tags, key) === undefined,
      );
      return missing.length === 0 ? [] : [`it has no ${missing.join(', ')}`];
    },
  },
  {
    name: 'launched-tagged',
    description:
      `What a launch template starts has ${wanted.join(', ')} as well: default tags do not reach it. Give them in ` +
      'tagSpecifications for instance and volume.',
    types: ['aws:ec2/launchTemplate:LaunchTemplate'],
    problems: untagged,
  },
];

function missingIn(found: unknown): string[] {
  return wanted.filter((key) => at(found, key) === undefined);
}

/** Providers get what is not a text as JSON. */
function defaultTags(provider: Recorded['provider']): unknown {
  const { defaultTags: value } = provider;
  return at(typeof value === 'string' ? JSON.parse(value) : value, 'tags');
}

function untagged({ props }: Recorded): string[] {
  const specifications = list(props.tagSpecifications);
  if (specifications.includes(notYetKnown)) return [];
  return launched.flatMap((type) => {
    const found = specifications.find(
      (specification) => at(specification, 'resourceType') === type,
    );
    const missing = missingIn(given(found) ? at(found, 'tags') : {});
    return missing.length === 0 ? [] : [`${type} has no ${missing.join(', ')}`];
  });
}
