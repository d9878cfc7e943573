import { z } from 'zod';
import { parseUrn } from '../../provider/host/urn';
import { Interrupted, UserError } from '../errors';
import { withStack } from '../session';
import type { Terminal } from '../terminal';
import type { Recorded } from './recorded';

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).default({}),
  /** True of what was only looked up. */
  external: z.boolean().default(false),
});

const state = z.object({ resources: z.array(resource).default([]) });

/** The resources in a stack's state; none, with a note, when there is no stack or it cannot be read from here. */
export async function deployed(name: string, out: Terminal): Promise<Recorded[]> {
  try {
    const options = { name, out, purpose: 'npm run cost', changes: false, create: false };
    const exported = await withStack(options, ({ stack }) => stack.exportStack());
    return resourcesIn(exported.deployment as unknown);
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof Interrupted) throw error;
    out.note(`What is deployed now is not counted: ${error.message}`);
    return [];
  }
}

/** What `pulumi stack export` calls the deployment, as resources. */
export function resourcesIn(deployment: unknown): Recorded[] {
  return state
    .parse(deployment ?? {})
    .resources.filter(({ external }) => !external)
    .map(({ urn, type, inputs, propertyDependencies }) => ({
      urn,
      type,
      inputs,
      from: Object.fromEntries(
        Object.entries(propertyDependencies).map(([property, urns]) => [property, urns ?? []]),
      ),
      name: parseUrn(urn).name,
    }));
}
