import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';

const nameAllowed = 'a lower-case letter, then up to 62 of a-z, 0-9 and -';

/** The name of a member of `strata:secrets`. */
export const secretName = z
  .string({ error: nameAllowed })
  .regex(/^[a-z][a-z0-9-]{0,62}$/, { error: nameAllowed });

const valueAllowed = 'text of 1 to 65536 characters, set with --secret';

/**
 * `strata:secrets`: values that stand encrypted in the stack's file. Settings name them; nothing but `configSecrets`
 * reads them, so that no message and no resource gets one by accident: here their names are all that is left.
 */
export const secrets = z
  .record(
    secretName,
    z
      .string({ error: valueAllowed })
      .min(1, { error: valueAllowed })
      .max(65_536, { error: valueAllowed }),
  )
  .transform((values) => Object.keys(values))
  .describe(
    'Your own secrets by name: npm run pulumi -- config set --secret --path strata:secrets.NAME',
  );

/** The secrets of the stack that is being deployed, by name. */
export function configSecrets(): Record<string, pulumi.Output<string>> {
  const text = pulumi.runtime.allConfig()['strata:secrets'] ?? '{}';
  const values = JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, pulumi.secret(value)]),
  );
}
