import { removeLeftovers } from '../provider/docker/containers';
import { parseUrn } from '../provider/host/urn';
import { UserError } from './errors';
import { findHalfMade, isPut } from './half-made';
import {
  deploymentIn,
  dockerOf,
  type Exported,
  exportText,
  importState,
  type Opened,
  type StateResource,
  type Whole,
} from './state';
import type { Terminal } from './terminal';

/**
 * Settles creations that a killed engine left half done. Our own resources find what exists by its name, a generated
 * password that nobody was given is no loss, and a container or a network without data is removed here: they are forgotten
 * and made again. What AWS may have made is taken into the state where it can be told, so that the engine's look at it says
 * whether it is there; where it cannot be told, people are told. Of another cloud's resources only a person can know.
 */
export async function settlePendingCreates(session: Opened, out: Terminal): Promise<void> {
  const { name } = session.stack;
  const text = await exportText(session);
  const state = JSON.parse(text) as Whole;
  const deployment = deploymentIn(state);
  if (!maySettlePending(deployment)) return;
  const leftovers = leftoversOf(deployment);
  if (leftovers.length > 0) await removeLeftovers(dockerOf(deployment)?.host, name, leftovers);
  const { resources, words } = await takenUp(deployment);
  const settled = { ...deployment, resources, pending_operations: [] };
  // What looks half done may be somebody else's work in this moment.
  if ((await exportText(session)) !== text) {
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

function creationsIn({ pending_operations: pending = [] }: Exported): StateResource[] {
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
): Promise<{ resources: readonly StateResource[]; words: readonly string[] }> {
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
function hasRoom(
  { urn, dependencies = [] }: StateResource,
  resources: readonly StateResource[],
): boolean {
  const place = resources.findIndex((one) => one.urn === urn);
  if (place < 0) return true;
  const isGone = resources.every((one) => one.urn !== urn || one.pendingReplacement === true);
  const later = resources.slice(place).map((one) => one.urn);
  return isGone && !dependencies.some((needed) => later.includes(needed));
}

function told({ urn, type }: StateResource): string {
  return `${parseUrn(urn).name} (${type})`;
}

function twice([first]: readonly StateResource[]): string {
  const { stack, project } = parseUrn(first?.urn ?? '');
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
