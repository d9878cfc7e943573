import type { Stack } from '@pulumi/pulumi/automation';
import { z } from 'zod';
import { removeLeftovers } from '../provider/docker/containers';
import type { Terminal } from './terminal';

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  /** Of those that are looked at; a secret is an object and no text. */
  inputs: z
    .looseObject({
      name: z.string().optional().catch(undefined),
      host: z.string().optional().catch(undefined),
    })
    .optional(),
});

const exported = z.looseObject({
  pending_operations: z
    .array(
      z.looseObject({
        type: z.string(),
        resource,
      }),
    )
    .optional(),
  resources: z.array(resource).optional(),
});

export type Exported = z.infer<typeof exported>;

/** The state of a stack as `pulumi stack export` gives it; secrets in it stay encrypted. */
export async function exportState(stack: Stack): Promise<Exported> {
  const { deployment } = (await stack.exportStack()) as { deployment: unknown };
  return exported.parse(deployment ?? {});
}

/**
 * Forgets creations that a killed engine left half done, where creating again finishes them: our own resources find what
 * exists by its name, a generated password that nobody was given is no loss, and a container or a network without data
 * is removed here. Of a cloud's resources only a person can know.
 */
export async function forgetPendingCreates(
  stack: Stack,
  name: string,
  out: Terminal,
): Promise<void> {
  const state = await stack.exportStack();
  const deployment = exported.parse(state.deployment ?? {});
  if (!mayForgetPending(deployment)) return;
  const leftovers = leftoversOf(deployment);
  if (leftovers.length > 0) await removeLeftovers(dockerOf(deployment)?.host, name, leftovers);
  await stack.importStack({ ...state, deployment: { ...deployment, pending_operations: [] } });
  out.note('The last run was ended while it created resources: they are looked at again.');
}

const removable = ['docker:index/container:Container', 'docker:index/network:Network'];
const harmless = ['docker:index/remoteImage:RemoteImage'];

/** Importing a state forgets all that is pending, so one creation that is not ours to forget keeps everything. */
export function mayForgetPending({ pending_operations: pending = [] }: Exported): boolean {
  const creations = pending.filter(({ type }) => type === 'creating');
  return creations.length > 0 && creations.every(({ resource }) => isOurs(resource.type));
}

function isOurs(type: string): boolean {
  return (
    type.startsWith('strata:') ||
    type.startsWith('random:') ||
    [...removable, ...harmless].includes(type)
  );
}

/** Names of containers and networks that may be there although nothing knows of them. */
function leftoversOf({ pending_operations: pending = [] }: Exported): string[] {
  return pending
    .filter(({ type, resource }) => type === 'creating' && removable.includes(resource.type))
    .flatMap(({ resource: { inputs } }) => (inputs?.name === undefined ? [] : [inputs.name]));
}

/** The Docker engine that a stack uses, its environment's own where there is no host; undefined when it uses none. */
export function dockerOf({ resources = [] }: Exported): { readonly host?: string } | undefined {
  const plugin = resources.find(({ type }) => type === 'pulumi:providers:docker');
  if (!plugin) return undefined;
  const host = plugin.inputs?.host;
  return host === undefined ? {} : { host };
}
