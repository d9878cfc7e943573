import { z } from 'zod';
import { contradict } from './contradictions';
import * as values from './values';

/** As long as AWS Backup keeps anything. */
const mostDays = 36_500;

const days = values.whole(
  `a whole number of days from 1 to ${String(mostDays)}, without quotes`,
  1,
  mostDays,
);

const lock = z
  .strictObject({
    mode: z
      .enum(['governance', 'compliance'], { error: 'governance or compliance' })
      .describe(
        'governance: whoever has the right to it may take the lock off. compliance: after coolingOffDays nobody can, AWS ' +
          'and the account’s owner among them, until the last backup is as old as it has to be; that costs until then.',
      ),
    minDays: days.describe('No backup may be kept for less.'),
    maxDays: days.optional().describe('No backup may be kept for more.'),
    coolingOffDays: values
      .whole('a whole number of days from 3 to 36500, without quotes', 3, mostDays)
      .optional()
      .describe('Only of compliance: so long the lock can still be taken off.'),
  })
  .superRefine(({ mode, minDays, maxDays, coolingOffDays }, context) => {
    if (maxDays !== undefined && maxDays < minDays) {
      contradict(context, ['maxDays'], {
        reason: `is less than minDays, which is ${String(minDays)}`,
        advice: 'Give a larger one, or leave it out.',
      });
    }
    if (mode === 'compliance' && coolingOffDays === undefined) {
      contradict(context, ['coolingOffDays'], {
        reason: 'is missing, after which nobody can take this lock off any more',
        advice: 'Give the days in which you will look whether all is right, such as 14.',
      });
    }
    if (mode === 'governance' && coolingOffDays !== undefined) {
      contradict(context, ['coolingOffDays'], {
        reason: 'is not for mode governance, whose lock can be taken off at any time',
        advice: 'Leave it out.',
      });
    }
  })
  .describe('Backups in the vault cannot be deleted early.');

/** `strata:aws.backup`: snapshots of what is kept, in a vault. */
export const backup = z
  .strictObject({
    enabled: z
      .boolean({ error: 'true or false' })
      .default(true)
      .describe('false makes no more; what is in the vault stays until it is old enough.'),
    days: days.default(14).describe('For so long each day’s is kept; those there are keep theirs.'),
    lock: lock.optional(),
  })
  .superRefine(({ days: kept, lock: given }, context) => {
    if (given === undefined) return;
    const { minDays, maxDays = mostDays } = given;
    if (kept >= minDays && kept <= maxDays) return;
    contradict(context, ['days'], {
      reason: `is ${String(kept)}, and the lock takes backups of ${String(minDays)} to ${String(maxDays)} days`,
      advice: 'Change one of the two: AWS would refuse every backup.',
    });
  })
  .describe('A snapshot of each volume every day, by AWS Backup.');

export type BackupLock = z.output<typeof lock>;
