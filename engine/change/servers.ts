import type { Step } from './steps';

const types = {
  attachment: 'aws:ec2/volumeAttachment:VolumeAttachment',
  group: 'aws:autoscaling/group:Group',
  instance: 'aws:ec2/instance:Instance',
  release: 'strata:aws:Command',
} as const;

/** What becomes of a server, or of a group of like ones. */
export interface ServerChange {
  readonly name: string;
  readonly count: number;
  /** Whether it is there already. */
  readonly there: boolean;
  readonly fate: 'made' | 'removed' | 'replaced' | 'restarted' | 'kept';
}

/** A volume that another server gets. */
export interface Move {
  readonly name: string;
  /** `vol-…`, the same before and after. */
  readonly volume: string;
  /** Absent where no server has it. */
  readonly from?: string;
  readonly to?: string;
}

/** The servers of a deployment on AWS, before and after; nothing on other targets. */
export function serverChanges(steps: readonly Step[]): ServerChange[] {
  return [types.instance, types.group].flatMap((type) =>
    namesOf(type, steps).map((name) => {
      const told = steps.filter((step) => step.type === type && step.name === name);
      const sizes = told.map(({ before, after }) => (after ?? before)?.inputs.desiredCapacity);
      const count = sizes.find((size) => typeof size === 'number') ?? 1;
      return { name, count, there: told.some(({ before }) => before), fate: fateOf(told) };
    }),
  );
}

/** Volumes that leave one server for another, or for none. */
export function moves(steps: readonly Step[]): Move[] {
  const servers = new Map(
    steps.flatMap(({ type, before, name }) =>
      type === types.instance && before ? [[before.id, name] as const] : [],
    ),
  );
  return namesOf(types.attachment, steps).flatMap((name) => {
    const told = steps.filter((step) => step.type === types.attachment && step.name === name);
    const before = told.find((step) => step.before)?.before?.inputs;
    const after = told.find((step) => step.after)?.after?.inputs;
    const from = servers.get(before?.instanceId as string);
    const to = after && (servers.get(after.instanceId as string) ?? keeperOf(name, steps));
    const isAgain = told.every(({ operation }) => operation === 'same' || operation === 'update');
    if (isAgain || (from !== undefined && from === to)) return [];
    const volume = String((before ?? after)?.volumeId);
    // One that is made now moves from nowhere.
    if (!volume.startsWith('vol-')) return [];
    return [{ name, volume, ...(from && { from }), ...(to && { to }) }];
  });
}

/** Servers on which a release is applied in place, in that order. */
export function releases(steps: readonly Step[]): string[] {
  const applied = steps.filter(
    ({ type, operation }) => type === types.release && ['create', 'update'].includes(operation),
  );
  return applied.map(({ name }) => serverOf(name));
}

/** A server that is not there yet has no id; but what runs its release again is, among others, the size of each volume. */
function keeperOf(volume: string, steps: readonly Step[]): string | undefined {
  const content = volume.replace(/-\d+$/, '');
  const found = steps.find(
    ({ type, after }) =>
      type === types.release && Object.hasOwn(after?.inputs.triggers ?? {}, content),
  );
  return found && serverOf(found.name);
}

function serverOf(release: string): string {
  return release.replace(/-release$/, '');
}

function namesOf(wanted: string, steps: readonly Step[]): string[] {
  return [...new Set(steps.filter(({ type }) => type === wanted).map(({ name }) => name))];
}

function fateOf(steps: readonly Step[]): ServerChange['fate'] {
  const did = new Set(steps.map(({ operation }) => operation));
  if (did.has('replace')) return 'replaced';
  if (did.has('create')) return 'made';
  if (did.has('delete')) return 'removed';
  const changed = steps.find(({ operation }) => operation === 'update');
  const { before, after } = changed ?? {};
  return before?.inputs.instanceType !== after?.inputs.instanceType ? 'restarted' : 'kept';
}
