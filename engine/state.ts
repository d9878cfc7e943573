import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { Session } from './session';

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  /** URNs of what it needs. */
  dependencies: z.array(z.string()).optional(),
  /** Gone, and its successor is not there yet. */
  pendingReplacement: z.boolean().optional(),
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

/** A resource of a state. */
export type StateResource = z.infer<typeof resource>;
export type Exported = z.infer<typeof exported>;

/** A stack that was opened, as far as its state is concerned. */
export type Opened = Pick<Session, 'pulumi'> & { readonly stack: Pick<Session['stack'], 'name'> };

/** A state as `pulumi stack export` gives it. */
export interface Whole {
  readonly deployment: unknown;
}

/** The state of a stack; secrets in it stay encrypted. */
export async function exportState(session: Opened): Promise<Exported> {
  return deploymentIn(JSON.parse(await exportText(session)) as Whole);
}

export function deploymentIn({ deployment }: Whole): Exported {
  return exported.parse(deployment ?? {});
}

/** A state as it was written. The Automation API's own export opens all secrets. */
export async function exportText({ stack, pulumi }: Opened): Promise<string> {
  const { stdout } = await pulumi(['stack', 'export', '--stack', stack.name]);
  return stdout;
}

export async function importState({ stack, pulumi }: Opened, state: Whole): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-state-'));
  const file = path.join(folder, 'state.json');
  try {
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    await pulumi(['stack', 'import', '--stack', stack.name, '--file', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The Docker engine that a stack uses, its environment's own where there is no host; undefined when it uses none. */
export function dockerOf({ resources = [] }: Exported): { readonly host?: string } | undefined {
  const plugin = resources.find(({ type }) => type === 'pulumi:providers:docker');
  if (!plugin) return undefined;
  const host = plugin.inputs?.host;
  return host === undefined ? {} : { host };
}
