import { z } from 'zod';
import { contradict } from './contradictions';
import * as values from './values';

const tag = values.text(
  'text of 1 to 128 letters, digits, spaces and . _ : / = + @ -',
  /^[A-Za-z0-9 ._:/=+@-]+$/,
  128,
);

/** Everything has three of the platform's own, and S3 takes ten on an object. */
const mostTags = 7;
/** `name` and `service` stand on some. */
const ownTags: ReadonlySet<string> = new Set(['project', 'stack', 'tier', 'name', 'service']);

/** IAM takes `Stack` and `stack` for the same. */
function unlikeOurs(tags: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const name of Object.keys(tags)) {
    const plain = name.toLowerCase();
    const reason = plain.startsWith('aws:')
      ? 'begins with aws:, which AWS keeps for itself'
      : ownTags.has(plain)
        ? 'is a tag that everything has already'
        : seen.has(plain)
          ? 'differs from another tag only in capital letters, which IAM takes for the same'
          : undefined;
    seen.add(plain);
    if (reason === undefined) continue;
    contradict(context, [name], { reason, advice: 'Give the tag another name, or take it out.' });
  }
  if (seen.size > mostTags) {
    contradict(context, [], {
      reason: `has ${seen.size} tags, and AWS takes ${mostTags} beside the platform’s own on an object of S3`,
      advice: `Give ${mostTags} at most.`,
    });
  }
}

/** `strata:aws.tags`. */
export const awsTags = z
  .record(tag, tag.max(256))
  .superRefine(unlikeOurs)
  .default({})
  .describe('More tags of everything, such as cost-centre; seven at most.');
