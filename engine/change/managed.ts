import type { Properties, Step } from './steps';

/** What AWS does at once to something that it runs, where people notice, or somebody has to finish it. */
export interface ManagedChange {
  readonly name: string;
  /** In words: `restarts as db.r7g.large`. */
  readonly does: string;
  /** Whether nobody is answered meanwhile. */
  readonly pauses: boolean;
}

type Judge = (before: Properties, after: Properties) => readonly Omit<ManagedChange, 'name'>[];

const judges: Readonly<Record<string, Judge>> = {
  'aws:rds/instance:Instance': database,
  'aws:rds/parameterGroup:ParameterGroup': parameters,
  'aws:elasticache/replicationGroup:ReplicationGroup': cache,
};

/** Changes of RDS and ElastiCache, from what they are given; nothing of those that are made or deleted. */
export function managedChanges(steps: readonly Step[]): ManagedChange[] {
  return steps.flatMap(({ operation, type, name, before, after }) => {
    const judge = judges[type];
    if (operation !== 'update' || !judge || !before || !after) return [];
    return judge(before, after).map((change) => ({ name, ...change }));
  });
}

function database(before: Properties, after: Properties): Omit<ManagedChange, 'name'>[] {
  // Nothing of the platform reads from a replica.
  const pauses = after.inputs.replicateSourceDb === undefined;
  const hasStandby = before.inputs.multiAz === true && after.inputs.multiAz === true;
  const way = hasStandby ? 'leaves for its standby and comes back as' : 'restarts as';
  const restarts = changed(['instanceClass', 'engineVersion'], before, after);
  return [
    ...restarts.map((value) => ({ does: `${way} ${value}`, pauses })),
    ...changed(['multiAz'], before, after).map((value) => ({
      does: value === 'true' ? 'gets a standby in another zone' : 'loses its standby',
      pauses: false,
    })),
  ];
}

/** Others are taken while the database runs. */
function parameters(before: Properties, after: Properties): Omit<ManagedChange, 'name'>[] {
  const [was, is] = [atStart(before), atStart(after)];
  const names = Object.keys({ ...was, ...is }).filter((name) => was[name] !== is[name]);
  if (names.length === 0) return [];
  const says = names.sort().join(', ');
  return [{ does: `is told of ${says}, and takes it when somebody restarts it`, pauses: false }];
}

function cache(before: Properties, after: Properties): Omit<ManagedChange, 'name'>[] {
  return changed(['nodeType', 'engineVersion'], before, after).map((value) => ({
    does: `moves to other nodes, ${value}: its connections break once`,
    pauses: false,
  }));
}

/** The new values of those properties that differ. */
function changed(keys: readonly string[], before: Properties, after: Properties): string[] {
  return keys
    .filter((key) => before.inputs[key] !== after.inputs[key])
    .map((key) => String(after.inputs[key]));
}

/** Name → value of what Postgres reads when it starts. */
function atStart({ inputs: { parameters: given } }: Properties): Record<string, unknown> {
  const all = Array.isArray(given) ? (given as Record<string, unknown>[]) : [];
  const late = all.filter(({ applyMethod }) => applyMethod === 'pending-reboot');
  return Object.fromEntries(late.map(({ name, value }) => [String(name), value]));
}
