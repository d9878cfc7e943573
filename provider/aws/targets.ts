import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type {
  ElasticLoadBalancingV2,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { complaintsSince, groupNamed, wordFor, type Group, type Version } from './group';
import { poll, type Patience } from './poll';
import type { Goal } from './refresh';

/** Both of AWS's services that know of a balanced server. */
interface Balanced {
  readonly scaling: AutoScaling;
  readonly balancing: ElasticLoadBalancingV2;
}

/** Waits until the group has as many servers of the version as it should, and every balancer says that they are healthy. */
export async function untilHealthy(
  { scaling, balancing }: Balanced,
  goal: Goal & { readonly targetGroups: readonly string[] },
  context: Context,
  patience: Patience,
): Promise<void> {
  const begun = Date.now();
  let trouble = '';
  const healthy = await poll(async () => {
    trouble = (await troubleNow({ scaling, balancing }, goal, patience.signal)) ?? '';
    if (!trouble) return true;
    context.progress(`waiting for the servers of ${goal.group}: ${trouble}`);
    return undefined;
  }, patience);
  if (healthy) return;
  throw new UserError(
    `the servers of ${goal.group} were not healthy within ${goal.timeoutSeconds} s: ${trouble}` +
      (await complaintsSince(scaling, goal.group, begun)),
  );
}

/** What the balancers of a group lack now; undefined when they have all that the group should have. */
export async function troubleNow(
  { scaling, balancing }: Balanced,
  goal: Version & { readonly group: string; readonly targetGroups: readonly string[] },
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  const group = await groupNamed(scaling, goal.group, abortSignal);
  const answers = await Promise.all(
    goal.targetGroups.map((arn) =>
      balancing.describeTargetHealth({ TargetGroupArn: arn }, { abortSignal }),
    ),
  );
  const troubles = answers.map((answer) =>
    troubleOf(group, wordFor(goal), answer.TargetHealthDescriptions ?? []),
  );
  return troubles.find((trouble) => trouble !== undefined);
}

/** What one balancer lacks; undefined when it has all that the group should have. */
function troubleOf(
  group: Group,
  version: string,
  targets: readonly TargetHealthDescription[],
): string | undefined {
  const current = group.servers.filter((server) => server.version === version);
  const states = new Map(targets.map(({ Target, TargetHealth }) => [Target?.Id, TargetHealth]));
  const healthy = current.filter(({ id }) => states.get(id)?.State === 'healthy');
  if (healthy.length >= group.desired) return undefined;
  const sick = current
    .filter((server) => !healthy.includes(server))
    .map(({ id }) => {
      const { State = 'not known to the balancer', Reason, Description } = states.get(id) ?? {};
      const why = [Reason, Description].filter(Boolean).join(': ');
      return `; ${id} is ${State}${why && ` (${why})`}`;
    });
  return `${healthy.length} of ${group.desired} are healthy${sick.join('')}`;
}
