/** Names the data that may be deleted for good: tokens, separated by commas. */
export const deletionVariable = 'STRATA_DELETE_DATA';

/** Types of what holds data, whatever it is called. */
export const holdingTypes: readonly string[] = [
  'aws:backup/vault:Vault',
  'aws:ebs/volume:Volume',
  'aws:elasticache/replicationGroup:ReplicationGroup',
  'aws:rds/instance:Instance',
  'aws:s3/bucket:Bucket',
  'strata:docker:Volume',
  'strata:local:Volume',
];

/** Types of what opens it: without them data is as good as lost. */
export const openingTypes: readonly string[] = [
  'aws:iam/accessKey:AccessKey',
  'aws:kms/key:Key',
  'random:index/randomPassword:RandomPassword',
  'strata:secrets:Password',
  'strata:tls:Authority',
];

/** What says that this very volume may be deleted, wherever it is. */
export function volumeToken(stack: string, name: string): string {
  return `${stack}/${name}`;
}

/**
 * What says that this very resource may be deleted. What keeps the same thing elsewhere has the same name (docs/adr/0001), so
 * whatever of AWS is no volume has its service behind it: `prod/storage-1` is the volume of files, `prod/storage-1:s3` their
 * bucket, `prod/storage-1:iam` the key that opens it.
 */
export function deletionToken(stack: string, name: string, type: string): string {
  const [, service = 'ebs'] = /^aws:(\w+)\//.exec(type) ?? [];
  const token = volumeToken(stack, name);
  return service === 'ebs' ? token : `${token}:${service}`;
}

/** Whether the environment names it. */
export function mayBeDeleted(token: string): boolean {
  const given = (process.env[deletionVariable] ?? '').split(',').map((part) => part.trim());
  return given.includes(token);
}
