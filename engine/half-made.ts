import type { EC2 } from '@aws-sdk/client-ec2';
import { computers, withAws } from '../provider/aws/api';
import { parseUrn, type Urn } from '../provider/host/urn';
import { findRules, isRule } from './half-made-rules';

/** A resource that a killed engine had asked AWS for: nobody wrote down whether it was made, nor its id. */
export interface HalfMade {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
}

/** One that may be there, by the id under which it would be. */
export interface Found<One> {
  readonly made: One;
  readonly id: string;
}

/**
 * Whose ids are names: the input that says it. What is not there is dropped when the engine looks for it. What holds data is
 * neither here nor below: nobody knows whose rows would be on it, nor how old they are.
 */
const named: Readonly<Record<string, string>> = {
  'aws:autoscaling/group:Group': 'name',
  'aws:cloudwatch/logGroup:LogGroup': 'name',
  'aws:elasticache/parameterGroup:ParameterGroup': 'name',
  'aws:elasticache/subnetGroup:SubnetGroup': 'name',
  'aws:elasticache/user:User': 'userId',
  'aws:elasticache/userGroup:UserGroup': 'userGroupId',
  'aws:iam/instanceProfile:InstanceProfile': 'name',
  'aws:iam/role:Role': 'name',
  'aws:iam/user:User': 'name',
  'aws:kms/alias:Alias': 'name',
  'aws:lambda/function:Function': 'name',
  'aws:rds/parameterGroup:ParameterGroup': 'name',
  'aws:rds/subnetGroup:SubnetGroup': 'name',
};

/** What EC2 calls those that it knows by an id of its own; they are found by their tags. */
const tagged: Readonly<Record<string, string>> = {
  'aws:ec2/eip:Eip': 'elastic-ip',
  'aws:ec2/flowLog:FlowLog': 'vpc-flow-log',
  'aws:ec2/instance:Instance': 'instance',
  'aws:ec2/internetGateway:InternetGateway': 'internet-gateway',
  'aws:ec2/launchTemplate:LaunchTemplate': 'launch-template',
  'aws:ec2/natGateway:NatGateway': 'natgateway',
  'aws:ec2/routeTable:RouteTable': 'route-table',
  'aws:ec2/securityGroup:SecurityGroup': 'security-group',
  'aws:ec2/subnet:Subnet': 'subnet',
  'aws:ec2/vpc:Vpc': 'vpc',
  'aws:ec2/vpcEndpoint:VpcEndpoint': 'vpc-endpoint',
};

/** To ask for them again changes nothing: they are put, not made. */
const put = [
  /^aws:s3\/bucket[A-Z]/,
  /^aws:iam\/(?:role|user)Policy:/,
  /^aws:cloudwatch\/(?:eventRule|eventTarget|metricAlarm):/,
  /^aws:backup\/vault[A-Z]/,
  /^aws:ec2\/volumeAttachment:/,
  /^aws:autoscaling\/lifecycleHook:/,
  /^aws:sns\/topic:/,
  /^aws:secretsmanager\/secretVersion:/,
  /^aws:wafv2\/webAclAssociation:/,
];

/** Whether it may be asked for again without a look: AWS makes no second one of it. */
export function isPut({ type }: HalfMade): boolean {
  return put.some((pattern) => pattern.test(type));
}

/**
 * Those that AWS may have made, by the ids under which they would be there; `known` are ids that the state has already. What
 * is found by its tags has those that it was to have and the stack's, and is the only one of its kind that has. Rules of
 * security groups are found by what they permit.
 */
export async function findHalfMade<One extends HalfMade>(
  all: readonly One[],
  region: string,
  known: readonly string[],
): Promise<Found<One>[]> {
  const byName = all.flatMap((made) => {
    const id = made.inputs?.[named[made.type] ?? ''];
    return typeof id === 'string' ? [{ made, id }] : [];
  });
  const sought = all.filter(({ type }) => tagged[type] !== undefined);
  const rules = all.filter(isRule);
  const [one] = [...sought, ...rules];
  if (!one) return byName;
  const { objects, byContent } = await withAws(
    { signal: AbortSignal.timeout(patienceMs) },
    async () => {
      const ec2 = await computers(region);
      return {
        objects: sought.length > 0 ? await objectsOf(parseUrn(one.urn), ec2) : [],
        byContent: await findRules(rules, ec2),
      };
    },
  );
  const strangers = objects.filter(({ id }) => !known.includes(id));
  const byTags = sought.flatMap((made) => {
    const fitting = strangers.filter((one) => fits(one, made));
    const [first] = fitting;
    return first && fitting.length === 1 ? [{ made, id: first.id }] : [];
  });
  const isClaimedTwice = ({ id }: Found<One>) => byTags.filter((one) => one.id === id).length > 1;
  return [
    ...byName,
    ...byTags.filter((one) => !isClaimedTwice(one)),
    ...byContent.filter(({ id }) => !known.includes(id)),
  ];
}

const patienceMs = 60_000;

/** Something of EC2 with its tags. */
interface Tagged {
  readonly id: string;
  readonly kind: string;
  readonly tags: Readonly<Record<string, string>>;
}

function fits({ kind, tags }: Tagged, { type, inputs }: HalfMade): boolean {
  const wanted = (inputs?.tags ?? {}) as Record<string, unknown>;
  return (
    kind === tagged[type] &&
    // The stack's tags alone are on everything.
    wanted.Name !== undefined &&
    Object.entries(wanted).every(([key, value]) => tags[key] === value)
  );
}

/** All that EC2 has of a stack, without what has ended and is shown for a while. */
async function objectsOf(
  { stack, project }: Pick<Urn, 'stack' | 'project'>,
  ec2: EC2,
): Promise<Tagged[]> {
  const filtered = async (Name: string, Values: string[]) => {
    const { paginateDescribeTags } = await import('@aws-sdk/client-ec2');
    const pages = paginateDescribeTags({ client: ec2 }, { Filters: [{ Name, Values }] });
    const found = [];
    for await (const { Tags = [] } of pages) found.push(...Tags);
    return found;
  };
  const ofStack = (await filtered('value', [stack])).filter(({ Key }) => Key === 'stack');
  const ids = [...new Set(ofStack.map(({ ResourceId = '' }) => ResourceId))];
  if (ids.length === 0) return [];
  const ended = await endedOf(ec2, ids);
  const objects = new Map<string, Tagged & { readonly tags: Record<string, string> }>();
  for (const { ResourceId: id = '', ResourceType: kind = '', Key, Value } of await filtered(
    'resource-id',
    ids,
  )) {
    const one = objects.get(id) ?? { id, kind, tags: {} };
    if (Key !== undefined) one.tags[Key] = Value ?? '';
    objects.set(id, one);
  }
  return [...objects.values()].filter(
    ({ id, tags }) => tags.project === project && !ended.includes(id),
  );
}

/** Servers and NAT gateways that are no more. */
async function endedOf(ec2: EC2, ids: readonly string[]): Promise<string[]> {
  const of = (prefix: string) => ids.filter((id) => id.startsWith(prefix));
  const [servers, gateways] = [of('i-'), of('nat-')];
  const { Reservations = [] } =
    servers.length > 0 ? await ec2.describeInstances({ InstanceIds: servers }) : {};
  const { NatGateways = [] } =
    gateways.length > 0 ? await ec2.describeNatGateways({ NatGatewayIds: gateways }) : {};
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  return [
    ...instances
      .filter(({ State }) => ['shutting-down', 'terminated'].includes(State?.Name ?? ''))
      .map(({ InstanceId = '' }) => InstanceId),
    ...NatGateways.filter(({ State = '' }) =>
      ['deleting', 'deleted', 'failed'].includes(State),
    ).map(({ NatGatewayId = '' }) => NatGatewayId),
  ];
}
