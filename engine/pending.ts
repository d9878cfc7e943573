import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { removeLeftovers } from '../provider/docker/containers';
import { UserError } from './errors';
import { findHalfMade, isPut } from './half-made';
import type { Session } from './session';
import type { Terminal } from './terminal';

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

type State = z.infer<typeof resource>;
export type Exported = z.infer<typeof exported>;

/** A stack that was opened, as far as its state is concerned. */
type Opened = Pick<Session, 'pulumi'> & { readonly stack: Pick<Session['stack'], 'name'> };

/** A state as `pulumi stack export` gives it. */
interface Whole {
  readonly deployment: unknown;
}

/** The state of a stack; secrets in it stay encrypted. */
export async function exportState(session: Opened): Promise<Exported> {
  const { deployment } = JSON.parse(await textOf(session)) as Whole;
  return exported.parse(deployment ?? {});
}

/** The Automation API's own export opens all secrets. */
async function textOf({ stack, pulumi }: Opened): Promise<string> {
  const { stdout } = await pulumi(['stack', 'export', '--stack', stack.name]);
  return stdout;
}

async function importState({ stack, pulumi }: Opened, state: Whole): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-state-'));
  const file = path.join(folder, 'state.json');
  try {
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    await pulumi(['stack', 'import', '--stack', stack.name, '--file', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Settles creations that a killed engine left half done. Our own resources find what exists by its name, a generated
 * password that nobody was given is no loss, and a container or a network without data is removed here: they are forgotten
 * and made again. What AWS may have made is taken into the state where it can be told, so that the engine's look at it says
 * whether it is there; where it cannot be told, people are told. Of another cloud's resources only a person can know.
 */
export async function settlePendingCreates(session: Opened, out: Terminal): Promise<void> {
  const { name } = session.stack;
  const text = await textOf(session);
  const state = JSON.parse(text) as Whole;
  const deployment = exported.parse(state.deployment ?? {});
  if (!maySettlePending(deployment)) return;
  const leftovers = leftoversOf(deployment);
  if (leftovers.length > 0) await removeLeftovers(dockerOf(deployment)?.host, name, leftovers);
  const { resources, words } = await takenUp(deployment);
  const settled = { ...deployment, resources, pending_operations: [] };
  // What looks half done may be somebody else's work in this moment.
  if ((await textOf(session)) !== text) {
    throw new UserError(
      `Stack "${name}" was changed by another command meanwhile; nothing was done. Run this again when that has ended.`,
    );
  }
  await importState(session, { ...state, deployment: settled });
  out.note(
    ['The last run was ended while it created resources: they are looked at again.', ...words].join(
      '\n',
    ),
  );
}

const removable = ['docker:index/container:Container', 'docker:index/network:Network'];
const harmless = ['docker:index/remoteImage:RemoteImage'];

/** Importing a state forgets all that is pending, so one creation that is not ours to settle keeps everything. */
export function maySettlePending(deployment: Exported): boolean {
  const creations = creationsIn(deployment);
  return creations.length > 0 && creations.every(({ type }) => isOurs(type) || isOfAws(type));
}

function creationsIn({ pending_operations: pending = [] }: Exported): State[] {
  return pending.filter(({ type }) => type === 'creating').map(({ resource: made }) => made);
}

function isOurs(type: string): boolean {
  return (
    type.startsWith('strata:') ||
    type.startsWith('random:') ||
    [...removable, ...harmless].includes(type)
  );
}

function isOfAws(type: string): boolean {
  return type.startsWith('aws:');
}

/** The state's resources with those that AWS may have made, and what people should know. */
async function takenUp(
  deployment: Exported,
): Promise<{ resources: readonly State[]; words: readonly string[] }> {
  const { resources = [] } = deployment;
  const halfMade = creationsIn(deployment).filter(({ type }) => isOfAws(type));
  const region = resources.find(({ type }) => type === 'pulumi:providers:aws')?.inputs?.region;
  if (halfMade.length === 0) return { resources, words: [] };
  const known = resources.flatMap(({ id }) => id ?? []);
  const free = halfMade.filter((made) => hasRoom(made, resources));
  const found = typeof region === 'string' ? await findHalfMade(free, region, known) : [];
  const urns = found.map(({ made }) => made.urn);
  const taken = found.map(({ made, id }) => ({ ...made, id }));
  const unknown = halfMade.filter((made) => !urns.includes(made.urn) && !isPut(made));
  return {
    resources: [
      ...resources.map((one) => taken.find(({ urn }) => urn === one.urn) ?? one),
      ...taken.filter(({ urn }) => !resources.some((one) => one.urn === urn)),
    ],
    words: [
      ...found.map(({ made, id }) => `  - ${told(made)} is taken up if AWS has made it: ${id}`),
      ...unknown.map((made) => `  - ${told(made)} is made again`),
      ...(unknown.length > 0 ? [twice(unknown)] : []),
    ],
  };
}

/**
 * Whether it can be in the state: its predecessor is gone, and stood behind all that it needs. What needs it stands behind
 * that place, and the engine takes no state in which anything stands before what it needs.
 */
function hasRoom({ urn, dependencies = [] }: State, resources: readonly State[]): boolean {
  const place = resources.findIndex((one) => one.urn === urn);
  if (place < 0) return true;
  const isGone = resources.every((one) => one.urn !== urn || one.pendingReplacement === true);
  const later = resources.slice(place).map((one) => one.urn);
  return isGone && !dependencies.some((needed) => later.includes(needed));
}

function told({ urn, type }: State): string {
  return `${urn.slice(urn.lastIndexOf('::') + 2)} (${type})`;
}

function twice([first]: readonly State[]): string {
  const [stack = '', project = ''] = first?.urn.replace('urn:pulumi:', '').split('::') ?? [];
  return (
    'Whether AWS had made what is made again, nobody wrote down. If it had, there is one too many, which costs, or AWS ' +
    'refuses the second because of its name: then delete the new one that no state knows, and run this again. Both have ' +
    `the tags project=${project} and stack=${stack}; npm run pulumi -- stack --show-ids --stack ${stack} lists what the ` +
    'state knows.'
  );
}

/** Names of containers and networks that may be there although nothing knows of them. */
function leftoversOf(deployment: Exported): string[] {
  return creationsIn(deployment)
    .filter(({ type }) => removable.includes(type))
    .flatMap(({ inputs }) => (inputs?.name === undefined ? [] : [inputs.name]));
}

/** The Docker engine that a stack uses, its environment's own where there is no host; undefined when it uses none. */
export function dockerOf({ resources = [] }: Exported): { readonly host?: string } | undefined {
  const plugin = resources.find(({ type }) => type === 'pulumi:providers:docker');
  if (!plugin) return undefined;
  const host = plugin.inputs?.host;
  return host === undefined ? {} : { host };
}
