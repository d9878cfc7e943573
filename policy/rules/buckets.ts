import { statementsOf } from '../documents';
import { type Problem, type Recorded, refersTo, type StackRule } from '../rule';
import { at, is, list, notYetKnown, texts } from '../values';

const bucketType = 'aws:s3/bucket:Bucket';
const settings = {
  encryption:
    'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  privacy: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  policy: 'aws:s3/bucketPolicy:BucketPolicy',
  versioning: 'aws:s3/bucketVersioning:BucketVersioning',
} as const;

/** What every bucket has; settings of a bucket are resources of their own, so it is seen only with all of them. */
export const buckets: readonly StackRule[] = [
  {
    name: 'buckets-encrypted',
    description:
      'Every bucket says how it is encrypted. Add a BucketServerSideEncryptionConfiguration with aws:kms; AES256 only ' +
      'where AWS writes logs that can have no other.',
    types: [bucketType, settings.encryption],
    problemsAmong: (resources) =>
      bucketsWithout(resources, settings.encryption, 'names no algorithm', ({ props }) =>
        everyKnown(props.rules, (rule) =>
          is(
            at(rule, 'applyServerSideEncryptionByDefault', 'sseAlgorithm'),
            'aws:kms',
            'aws:kms:dsse',
            'AES256',
          ),
        ),
      ),
  },
  {
    name: 'buckets-private',
    description:
      'No bucket can be made public. Add a BucketPublicAccessBlock with all four of its settings true.',
    types: [bucketType, settings.privacy],
    problemsAmong: (resources) =>
      bucketsWithout(resources, settings.privacy, 'does not block all four ways', ({ props }) =>
        ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'].every(
          (property) => is(props[property], true),
        ),
      ),
  },
  {
    name: 'buckets-versioned',
    description:
      'Every bucket keeps what is deleted or written over. Add a BucketVersioning with status Enabled.',
    types: [bucketType, settings.versioning],
    problemsAmong: (resources) =>
      bucketsWithout(resources, settings.versioning, 'keeps no versions', ({ props }) =>
        is(at(props.versioningConfiguration, 'status'), 'Enabled'),
      ),
  },
  {
    name: 'buckets-tls-only',
    description:
      'No bucket answers without TLS. Add a BucketPolicy that denies s3:* to everybody on the bucket and its objects ' +
      'where aws:SecureTransport is false.',
    types: [bucketType, settings.policy],
    problemsAmong: (resources) =>
      bucketsWithout(
        resources,
        settings.policy,
        'has no such denial',
        ({ props }) =>
          props.policy === notYetKnown || statementsOf(props.policy).some(deniesWithoutTls),
      ),
  },
];

/** Buckets that have no setting of a type, and settings that are not as they should be. */
function bucketsWithout(
  resources: readonly Recorded[],
  type: string,
  problem: string,
  good: (setting: Recorded) => boolean,
): Problem[] {
  const all = resources.filter((resource) => resource.type === type);
  const found = resources.filter((resource) => resource.type === bucketType);
  return found.flatMap((bucket): Problem[] => {
    const own = all.filter((setting) => refersTo(setting, 'bucket', bucket));
    if (own.length === 0) {
      return [{ resource: bucket, problem: `it has no ${String(type.split(':').at(-1))}` }];
    }
    return own.filter((setting) => !good(setting)).map((resource) => ({ resource, problem }));
  });
}

function everyKnown(value: unknown, good: (member: unknown) => boolean): boolean {
  return list(value).length > 0 && list(value).every((member) => is(member) || good(member));
}

function deniesWithoutTls(statement: unknown): boolean {
  const secure = [
    at(statement, 'Condition', 'Bool', 'aws:SecureTransport'),
    at(statement, 'Condition', 'BoolIfExists', 'aws:SecureTransport'),
  ];
  const whom = at(statement, 'Principal');
  const on = at(statement, 'Resource');
  return (
    at(statement, 'Effect') === 'Deny' &&
    [whom, at(whom, 'AWS')].some((principal) => list(principal).includes('*')) &&
    list(at(statement, 'Action')).some((action) => action === 's3:*' || action === '*') &&
    secure.some((value) => list(value).some((word) => word === 'false' || word === false)) &&
    (list(on).includes(notYetKnown) || coversAll(texts(on)))
  );
}

/** The bucket itself and what is in it. */
function coversAll(arns: readonly string[]): boolean {
  if (arns.includes('*')) return true;
  return arns.some((arn) => arn.endsWith('/*')) && arns.some((arn) => !arn.includes('/'));
}
