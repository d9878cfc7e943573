import { UserError } from './errors';
import type { Exported } from './state';

/**
 * Throws where any of these resources has AWS's own protection from deletion: AWS would refuse when everything around them
 * is gone already.
 */
export function refuseGuarded(stack: string, resources: Exported['resources'] = []): void {
  const guarded = resources.filter(
    ({ outputs }) =>
      (outputs as { deletionProtection?: unknown } | undefined)?.deletionProtection === true,
  );
  if (guarded.length === 0) return;
  throw new UserError(
    [
      `AWS protects parts of stack "${stack}" from deletion; nothing was done:`,
      ...guarded.map(({ urn }) => `  - ${urn}`),
      'Turn that off (aws rds modify-db-instance --no-deletion-protection --apply-immediately --db-instance-identifier …), ' +
        `then run npm run pulumi -- refresh --yes --stack ${stack}, and this again.`,
    ].join('\n'),
  );
}
