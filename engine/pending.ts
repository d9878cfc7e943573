import type { Stack } from '@pulumi/pulumi/automation';
import { z } from 'zod';
import type { Terminal } from './terminal';

const exported = z.looseObject({
  pending_operations: z
    .array(
      z.looseObject({
        type: z.string(),
        resource: z.looseObject({ urn: z.string(), type: z.string() }),
      }),
    )
    .optional(),
  resources: z.array(z.looseObject({ urn: z.string(), type: z.string() })).optional(),
});

export type Exported = z.infer<typeof exported>;

/** The state of a stack as `pulumi stack export` gives it; secrets in it stay encrypted. */
export async function exportState(stack: Stack): Promise<Exported> {
  const { deployment } = (await stack.exportStack()) as { deployment: unknown };
  return exported.parse(deployment ?? {});
}

/**
 * Forgets creations that a killed engine left half done, for resources of the strata provider: they find what exists by
 * its name, so to create them again is to finish them. Of a cloud's resources only a person can know.
 */
export async function forgetPendingCreates(stack: Stack, out: Terminal): Promise<void> {
  const state = await stack.exportStack();
  const deployment = exported.parse(state.deployment ?? {});
  if (!mayForgetPending(deployment)) return;
  await stack.importStack({ ...state, deployment: { ...deployment, pending_operations: [] } });
  out.note('The last run was ended while it created resources: they are looked at again.');
}

/** Importing a state forgets all that is pending, so one creation that is not ours to forget keeps everything. */
export function mayForgetPending({ pending_operations: pending = [] }: Exported): boolean {
  const creations = pending.filter(({ type }) => type === 'creating');
  return (
    creations.length > 0 && creations.every(({ resource }) => resource.type.startsWith('strata:'))
  );
}
