import { documentsOf, documentTypes, type Document, readable, statementsOf } from '../documents';
import type { Recorded, ResourceRule } from '../rule';
import { at, given, list, notYetKnown, shown, texts } from '../values';

/** Actions for which AWS knows no resource to name, by its service authorization reference; `*` stands for the rest. */
const withoutResource: readonly RegExp[] = [
  /^autoscaling:Describe\w+$/,
  /^cloudwatch:(PutMetricData|GetMetricData|GetMetricStatistics|ListMetrics)$/,
  /^ec2:Describe\w+$/,
  /^ec2messages:(AcknowledgeMessage|DeleteMessage|FailMessage|GetEndpoint|GetMessages|SendReply)$/,
  /^ecr:GetAuthorizationToken$/,
  /^elasticloadbalancing:Describe\w+$/,
  /^kms:ListAliases$/,
  /^logs:Describe(LogGroups|LogStreams)$/,
  /^route53:(GetChange|ListHostedZones|ListHostedZonesByName)$/,
  /^s3:ListAllMyBuckets$/,
  /^secretsmanager:(GetRandomPassword|ListSecrets)$/,
  /^ssm:(DescribeInstanceInformation|ListAssociations|ListInstanceAssociations|PutComplianceItems|PutConfigurePackageResult|PutInventory|GetManifest|UpdateInstanceInformation)$/,
  /^ssmmessages:(Create|Open)(ControlChannel|DataChannel)$/,
  /^sts:GetCallerIdentity$/,
  /^tag:GetResources$/,
  /^xray:Put(TraceSegments|TelemetryRecords)$/,
];

/** Managed policies that give whole services away. */
const powerful = /\/(AdministratorAccess(-\w+)?|PowerUserAccess|IAMFullAccess|\w+FullAccess)$/;

/** Nobody may do more than what is named. */
export const iam: readonly ResourceRule[] = [
  {
    name: 'permissions-readable',
    description: 'Documents of permissions are JSON. Make them with pulumi.jsonStringify.',
    types: documentTypes,
    problems: (resource) =>
      documentsOf(resource)
        .filter(({ value }) => !readable(value))
        .map(({ property }) => `${property} is not JSON`),
  },
  {
    name: 'no-wildcard-actions',
    description:
      'Permissions name their actions: neither "*" nor "service:*", and no NotAction. List the actions that are used.',
    types: documentTypes,
    problems: (resource) => eachAllowing(resource, actions),
  },
  {
    name: 'no-wildcard-resources',
    description:
      'Permissions name what they are for. Give the ARN, or a Condition, in the place of "*"; only actions that AWS ' +
      'grants on nothing else may have "*".',
    types: documentTypes,
    problems: (resource) => eachAllowing(resource, resourcesOf),
  },
  {
    name: 'no-open-principals',
    description:
      'No policy lets everybody in. Name the role, account or service in Principal, or in a Condition on ' +
      'aws:PrincipalArn; "*" alone is for denials.',
    types: documentTypes,
    problems: (resource) => eachAllowing(resource, principals),
  },
  {
    name: 'no-administrators',
    description:
      "No role has a policy that gives whole services away. Attach a policy of one's own with the actions that are used.",
    types: [
      'aws:iam/role:Role',
      'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
      'aws:iam/policyAttachment:PolicyAttachment',
      'aws:iam/userPolicyAttachment:UserPolicyAttachment',
      'aws:iam/groupPolicyAttachment:GroupPolicyAttachment',
    ],
    problems: ({ props }) =>
      [...texts(props.managedPolicyArns), ...texts(props.policyArn)]
        .filter((arn) => powerful.test(arn))
        .map((arn) => `${arn} is attached`),
  },
];

/** What is wrong with the statements that allow something. */
function eachAllowing(
  resource: Recorded,
  problems: (statement: unknown, document: Document) => readonly string[],
): string[] {
  return documentsOf(resource).flatMap((document) => {
    return statementsOf(document.value).flatMap((statement, index) => {
      if (at(statement, 'Effect') !== 'Allow') return [];
      const where = `${document.property}, statement ${String(index + 1)}`;
      return problems(statement, document).map((problem) => `${where}: ${problem}`);
    });
  });
}

function actions(statement: unknown, { kind }: Document): string[] {
  if (given(at(statement, 'NotAction'))) return ['it allows all but NotAction'];
  return texts(at(statement, 'Action'))
    .filter((action) => /^([^:]*[*?][^:]*|[^:]*:[*?]+)(:.*)?$/.test(action))
    .filter((action) => !(kind === 'key' && action === 'kms:*' && onlyOwnAccount(statement)))
    .map((action) => `Action ${action}`);
}

/** AWS demands that the account itself keeps a key, or nobody could ever change it. */
function onlyOwnAccount(statement: unknown): boolean {
  const whom = list(at(statement, 'Principal', 'AWS'));
  return (
    whom.length > 0 &&
    whom.every((arn) => arn === notYetKnown || /^arn:[\w-]+:iam::\d{12}:root$/.test(String(arn)))
  );
}

function resourcesOf(statement: unknown, { kind }: Document): string[] {
  if (kind === 'key') return [];
  if (given(at(statement, 'NotResource'))) return ['it allows all but NotResource'];
  const condition = at(statement, 'Condition');
  if (given(condition) && shown(condition) !== '{}') return [];
  const wide = texts(at(statement, 'Resource')).filter((arn) =>
    /^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*+)$/.test(arn),
  );
  const granted = texts(at(statement, 'Action')).filter(
    (action) => !withoutResource.some((pattern) => pattern.test(action)),
  );
  return granted.length === 0 ? [] : wide.map((arn) => `${granted.join(', ')} on ${arn}`);
}

function principals(statement: unknown): string[] {
  if (given(at(statement, 'NotPrincipal'))) return ['it allows all but NotPrincipal'];
  const whom = at(statement, 'Principal');
  const open = [whom, at(whom, 'AWS'), at(whom, 'Federated')].some((member) =>
    list(member).includes('*'),
  );
  return open && !saysWho(statement) ? ['Principal "*"'] : [];
}

/** Keys of conditions that say who calls, and operators that compare them in full. */
const callers = [
  'aws:PrincipalArn',
  'aws:PrincipalAccount',
  'aws:PrincipalOrgID',
  'kms:CallerAccount',
];
const comparisons = ['StringEquals', 'ArnEquals'];

/** A role that may not exist yet cannot be a Principal; a condition can name it. */
function saysWho(statement: unknown): boolean {
  return comparisons.some((operator) =>
    callers.some((key) => {
      const values = list(at(statement, 'Condition', operator, key));
      return values.length > 0 && !values.some((value) => /[*?]/.test(String(value)));
    }),
  );
}
