import type { Recorded, Rule } from '../rule';
import { at, given, is, list, notYetKnown, shown } from '../values';

/** What AWS would encrypt with a key of its own, or not at all, unless it is given ours. */
const keyOf: Readonly<Record<string, string>> = {
  'aws:cloudwatch/logGroup:LogGroup': 'kmsKeyId',
  'aws:sns/topic:Topic': 'kmsMasterKeyId',
  'aws:secretsmanager/secret:Secret': 'kmsKeyId',
  'aws:backup/vault:Vault': 'kmsKeyArn',
  'aws:elasticache/replicationGroup:ReplicationGroup': 'kmsKeyId',
};

/** What lies on disks is encrypted. */
export const encryption: readonly Rule[] = [
  {
    name: 'volumes-encrypted',
    description: 'Volumes are encrypted. Set encrypted: true.',
    types: ['aws:ebs/volume:Volume'],
    problems: ({ props }) => unless(is(props.encrypted, true), 'encrypted', props.encrypted),
  },
  {
    name: 'server-disks-encrypted',
    description:
      'Disks that start with a server are encrypted. Set encrypted: true on its root block device and all others; ' +
      'a launch template names its root device for that.',
    types: ['aws:ec2/instance:Instance', 'aws:ec2/launchTemplate:LaunchTemplate'],
    problems: disks,
  },
  {
    name: 'databases-encrypted',
    description:
      'Databases are encrypted. Set storageEncrypted: true; it cannot be changed later without a new database.',
    types: ['aws:rds/instance:Instance', 'aws:rds/cluster:Cluster'],
    problems: ({ props }) =>
      // A replica is what its source is.
      given(props.replicateSourceDb)
        ? []
        : unless(is(props.storageEncrypted, true), 'storageEncrypted', props.storageEncrypted),
  },
  {
    name: 'caches-encrypted',
    description:
      'Caches are encrypted at rest and on the way. Set atRestEncryptionEnabled and transitEncryptionEnabled to true, ' +
      'and leave transitEncryptionMode at required.',
    types: ['aws:elasticache/replicationGroup:ReplicationGroup'],
    problems: ({ props }) => [
      ...['atRestEncryptionEnabled', 'transitEncryptionEnabled'].flatMap((property) =>
        unless(is(props[property], true), property, props[property]),
      ),
      ...unless(
        is(props.transitEncryptionMode, undefined, 'required'),
        'transitEncryptionMode',
        props.transitEncryptionMode,
      ),
    ],
  },
  {
    name: 'own-keys',
    description:
      "Logs, messages, secrets, caches and backups are encrypted with the platform's own key, whose use can be " +
      'limited and is logged. Give its ARN.',
    types: Object.keys(keyOf),
    problems: ({ type, props }) => {
      const property = String(keyOf[type]);
      return unless(given(props[property]), property, props[property]);
    },
  },
  {
    name: 'keys-rotate',
    description: 'Keys are changed each year by AWS. Set enableKeyRotation: true.',
    types: ['aws:kms/key:Key'],
    problems: ({ props }) =>
      unless(is(props.enableKeyRotation, true), 'enableKeyRotation', props.enableKeyRotation),
  },
];

function disks({ type, props }: Recorded): string[] {
  if (type === 'aws:ec2/instance:Instance') {
    const root = at(props, 'rootBlockDevice', 'encrypted');
    return [
      // Those of its launch template count where it says nothing.
      ...(given(props.launchTemplate) && !given(props.rootBlockDevice)
        ? []
        : unless(is(root, true), 'rootBlockDevice.encrypted', root)),
      ...plain(props.ebsBlockDevices, 'ebsBlockDevices', ['encrypted']),
    ];
  }
  const devices = props.blockDeviceMappings;
  return [
    ...(list(devices).length > 0 ? [] : ['blockDeviceMappings names no root device']),
    ...plain(devices, 'blockDeviceMappings', ['ebs', 'encrypted']),
  ];
}

/** Devices of a list that are not encrypted. Launch templates say `true` as a text. */
function plain(devices: unknown, property: string, path: readonly string[]): string[] {
  return list(devices).flatMap((device, index) => {
    if (device === notYetKnown || given(at(device, 'noDevice')) || given(at(device, 'virtualName')))
      return [];
    const encrypted = at(device, ...path);
    const where = `${property}[${String(index)}].${path.join('.')}`;
    return unless(is(encrypted, true, 'true'), where, encrypted);
  });
}

function unless(fine: boolean, property: string, value: unknown): string[] {
  return fine ? [] : [`${property} is ${shown(value)}`];
}
