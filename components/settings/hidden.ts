import { z } from 'zod';
import { contradict } from './contradictions';

/** Text that is not shown when it is refused: people paste the secret where its name belongs. */
export function unseen(allowed: string, right: (text: string) => boolean) {
  return z.string({ error: allowed }).superRefine((text, context) => {
    if (right(text)) return;
    contradict(context, [], {
      reason: 'is not valid (not shown: it may be a secret)',
      advice: `Allowed is ${allowed}.`,
    });
  });
}

const nameAllowed = 'the name of a member of strata:secrets: letters, digits, - and _';

/** Names a secret, where somebody may have put the secret itself. */
export const hiddenName = unseen(nameAllowed, (text) => /^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(text));
