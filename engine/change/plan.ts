import { databaseMove, type DatabaseMove } from './database-move';
import { holdsData } from './endangered';
import { entranceMoves } from './entrance';
import { managedChanges, type ManagedChange } from './managed';
import { moves, releases, serverChanges, type Move, type ServerChange } from './servers';
import type { Step } from './steps';

/** What an `up` comes to for people: who is moved where, what stands still meanwhile, and how to go back. */
export interface Plan {
  /** Absent where the tier stays. */
  readonly tier?: { readonly from: string; readonly to: string };
  readonly servers: readonly ServerChange[];
  readonly moves: readonly Move[];
  /** What AWS does to what it runs itself. */
  readonly managed: readonly ManagedChange[];
  /** In the order in which they are done. */
  readonly phases: readonly Phase[];
  /** Phases, counted from 1, between which nobody or, where it says so, not everybody is served. */
  readonly pause?: Pause;
  /** Servers that run on all the while. */
  readonly serving: readonly string[];
  /** What holds data, or opens it, and stays the very same: name → id. */
  readonly kept: Readonly<Record<string, string>>;
  /** Migrations that have not been applied: `app/003_orders`. */
  readonly migrations: readonly string[];
  /** A step of the database's way to RDS. */
  readonly databaseMove?: DatabaseMove;
}

interface Pause {
  readonly begins: number;
  readonly ends: number;
  readonly who: string;
  readonly because: string;
}

export interface Phase {
  readonly kind: 'beside' | 'managed' | 'stop' | 'release' | 'group' | 'entrance' | 'removal';
  readonly does: readonly string[];
}

/** What phases and pause are made of. */
interface Told {
  readonly moved: readonly Move[];
  readonly managed: readonly ManagedChange[];
  readonly migrations: readonly string[];
}

const nobody = 'Nobody is answered';
const migrationTypes = ['strata:database:Migration', 'strata:database:AppliedMigration'];
const passwordType = 'random:index/randomPassword:RandomPassword';

/** What comes beside the servers and takes its time, or costs. */
const around: Readonly<Record<string, string>> = {
  'aws:elasticache/replicationGroup:ReplicationGroup': 'a cache of ElastiCache',
  'aws:lb/loadBalancer:LoadBalancer': 'the load balancer',
  'aws:rds/instance:Instance': 'a database of RDS',
  'aws:ec2/natGateway:NatGateway': 'a NAT gateway',
};

/** The plan of what the engine's own preview says; pure. */
export function describe(steps: readonly Step[]): Plan {
  const servers = serverChanges(steps);
  const moved = moves(steps);
  const migrations = pendingMigrations(steps);
  const managed = managedChanges(steps);
  const phases = phasesOf(steps, servers, { moved, managed, migrations });
  const stopped = stoppedAmong(servers, moved);
  const pause = pauseOf(phases, stopped, { moved, managed });
  const tier = tierOf(steps);
  const moving = databaseMove(steps);
  const runsOn = servers.filter(({ name, there }) => there && !stopped.includes(name));
  return {
    ...(tier && { tier }),
    servers,
    moves: moved,
    managed,
    phases,
    ...(pause && { pause }),
    serving: runsOn.map(({ name, fate }) =>
      fate === 'removed' ? `${name}, until it is removed` : name,
    ),
    kept: keptOf(steps),
    migrations,
    ...(moving && { databaseMove: moving }),
  };
}

/** Whether there is anything in it that people should know before it is done. */
export function isWorthTelling({
  tier,
  moves: moved,
  managed,
  servers,
  migrations,
  databaseMove: moving,
}: Plan): boolean {
  if (!servers.some(({ there }) => there)) return false;
  const changed = servers.some(({ fate }) => fate !== 'kept');
  const told = moved.length + managed.length + migrations.length;
  return tier !== undefined || moving !== undefined || changed || told > 0;
}

function tierOf(steps: readonly Step[]): Plan['tier'] {
  const step = steps.find(({ type }) => type.startsWith('strata:tiers:'));
  if (!step?.before || step.before.type === step.type) return undefined;
  return { from: tierNames[step.before.type] ?? step.before.type, to: step.name };
}

/** By the types of their components, which are in people's states. */
const tierNames: Readonly<Record<string, string>> = {
  'strata:tiers:SingleServer': 'single',
  'strata:tiers:SplitDatabase': 'split',
  'strata:tiers:LoadBalanced': 'load-balanced',
};

function pendingMigrations(steps: readonly Step[]): string[] {
  const created = steps.filter(
    ({ type, operation }) => migrationTypes.includes(type) && operation === 'create',
  );
  return created.map(({ name }) => name).sort();
}

function keptOf(steps: readonly Step[]): Plan['kept'] {
  const stay = steps.filter(
    (step) => ['same', 'update'].includes(step.operation) && step.before && holdsData(step),
  );
  return Object.fromEntries(
    stay.map(({ name, type, before }) => [
      name,
      // Passwords have no id of their own.
      type === passwordType ? 'password' : (before?.id ?? ''),
    ]),
  );
}

/** A volume leaves a stopped server only, so that two never write to it. */
function stoppedAmong(servers: readonly ServerChange[], moved: readonly Move[]): string[] {
  const left = moved.map(({ from }) => from);
  return servers
    .filter(({ name, fate, there, count }) => {
      if (!there || count > 1) return false;
      return fate === 'replaced' || fate === 'restarted' || left.includes(name);
    })
    .map(({ name }) => name);
}

function phasesOf(
  steps: readonly Step[],
  servers: readonly ServerChange[],
  { moved, managed, migrations }: Told,
): Phase[] {
  const of = (fate: ServerChange['fate']) => servers.filter((server) => server.fate === fate);
  const stopped = stoppedAmong(servers, moved);
  const [first, ...later] = releases(steps);
  const pending = migrations.length > 0 ? ', after its migrations' : '';
  const groups = of('made').filter(({ count }) => count > 1);
  const phases: Phase[] = [
    {
      kind: 'beside',
      does: [
        ...of('made')
          .filter(({ count }) => count === 1)
          .map(({ name }) => `server ${name} is made`),
        ...madeAround(steps).map((what) => `${what} is made`),
      ],
    },
    { kind: 'managed', does: managed.map(({ name, does }) => `${name} ${does}`) },
    {
      kind: 'stop',
      does: [
        ...stopped.map((name) => `server ${name} is stopped${fateWords(name, servers)}`),
        ...moved.map(({ name, volume, from, to }) => {
          const way = `${from ?? 'no server'} → ${to ?? 'no server'}`;
          return `${name} (${volume}): ${way}`;
        }),
      ],
    },
    {
      kind: 'release',
      does: [
        ...(first ? [`the release is applied on ${first}${pending}`] : []),
        ...later.map((name) => `then on ${name}`),
      ],
    },
    {
      kind: 'group',
      does: groups.map(
        ({ name, count }) =>
          `${String(count)} servers ${name} are made, until the balancer finds them healthy`,
      ),
    },
    { kind: 'entrance', does: entranceMoves(steps) },
    { kind: 'removal', does: of('removed').map(({ name }) => `server ${name} is removed`) },
  ];
  return phases.filter(({ does }) => does.length > 0);
}

function fateWords(name: string, servers: readonly ServerChange[]): string {
  const fate = servers.find((server) => server.name === name)?.fate;
  if (fate === 'replaced') return ' and removed, and another takes its place';
  return fate === 'restarted' ? ' and started again as another type' : '';
}

function madeAround(steps: readonly Step[]): string[] {
  const made = steps.filter(({ operation }) => operation === 'create');
  return [...new Set(made.flatMap(({ type }) => around[type] ?? []))];
}

/** Operators' servers may be away: people are served without them. */
function pauseOf(
  phases: readonly Phase[],
  stopped: readonly string[],
  { moved, managed }: Pick<Told, 'moved' | 'managed'>,
): Plan['pause'] {
  const at = (kind: Phase['kind']) => phases.findIndex((phase) => phase.kind === kind) + 1;
  const restarts = managed.some(({ pauses }) => pauses);
  if (stopped.length === 0) {
    if (!restarts) return undefined;
    const only = at('managed');
    return { begins: only, ends: only, who: nobody, because: 'there is no database meanwhile' };
  }
  const begins = restarts ? at('managed') : at('stop');
  return {
    begins,
    ends: Math.max(begins, at('release'), at('group'), at('entrance')),
    who:
      restarts || stopped.some((name) => name !== 'operations')
        ? nobody
        : 'What operators ask for is away, people are answered',
    because:
      moved.length > 0
        ? 'a volume leaves only a stopped server: two never write to it'
        : 'the server that takes its place needs its address and its volumes',
  };
}
