import type { Recorded } from './rule';
import { at, list, notYetKnown } from './values';

/** What a document's permissions are given to. */
type DocumentKind =
  /** To the role, user or group that it is attached to. */
  | 'identity'
  /** To whom it names, on the resource that it is attached to. */
  | 'resource'
  /** To whom it names, on the key that it is attached to: `*` in it is that key alone. */
  | 'key';

export interface Document {
  readonly kind: DocumentKind;
  readonly property: string;
  readonly value: unknown;
}

const properties: Readonly<Record<string, readonly [string, DocumentKind][]>> = {
  'aws:iam/role:Role': [['assumeRolePolicy', 'resource']],
  'aws:iam/policy:Policy': [['policy', 'identity']],
  'aws:iam/rolePolicy:RolePolicy': [['policy', 'identity']],
  'aws:iam/userPolicy:UserPolicy': [['policy', 'identity']],
  'aws:iam/groupPolicy:GroupPolicy': [['policy', 'identity']],
  'aws:s3/bucketPolicy:BucketPolicy': [['policy', 'resource']],
  'aws:sns/topicPolicy:TopicPolicy': [['policy', 'resource']],
  'aws:sns/topic:Topic': [['policy', 'resource']],
  'aws:sqs/queuePolicy:QueuePolicy': [['policy', 'resource']],
  'aws:sqs/queue:Queue': [['policy', 'resource']],
  'aws:secretsmanager/secret:Secret': [['policy', 'resource']],
  'aws:secretsmanager/secretPolicy:SecretPolicy': [['policy', 'resource']],
  'aws:backup/vaultPolicy:VaultPolicy': [['policy', 'resource']],
  'aws:kms/key:Key': [['policy', 'key']],
  'aws:kms/keyPolicy:KeyPolicy': [['policy', 'key']],
};

/** The types of resources that hold documents of IAM. */
export const documentTypes: readonly string[] = Object.keys(properties);

/** The documents of a resource. */
export function documentsOf({ type, props }: Recorded): Document[] {
  const own = (properties[type] ?? []).map(([property, kind]) => ({
    kind,
    property,
    value: props[property],
  }));
  const inline = list(props.inlinePolicies).map((policy, index) => ({
    kind: 'identity' as const,
    property: `inlinePolicies[${String(index)}]`,
    value: at(policy, 'policy'),
  }));
  return type === 'aws:iam/role:Role' ? [...own, ...inline] : own;
}

/** The statements of a document, which is JSON or the object itself; none of one that is not yet known. */
export function statementsOf(document: unknown): readonly unknown[] {
  return list(at(parsed(document), 'Statement')).filter((statement) => statement !== notYetKnown);
}

/** False for a text that is no JSON: nobody knows what it allows. */
export function readable(document: unknown): boolean {
  return typeof document !== 'string' || document === '' || parsed(document) !== undefined;
}

function parsed(document: unknown): unknown {
  if (typeof document !== 'string') return document;
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}
