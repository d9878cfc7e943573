/** The server that a stack's Postgres stands on, and the name of what it moves to. */
export const movingHost = 'database-2.test.eu-central-1.rds.amazonaws.com';

const platform = 'urn:pulumi:prod::strata::strata:index:Platform';

/** The part of a stack's state in `strata:aws.databaseMove: copying` that a move reads, as it is exported with its secrets. */
export function movingState({
  certificate,
  source,
  target,
}: {
  /** PEM, of the platform's authority. */
  readonly certificate: string;
  /** Passwords of the admins. */
  readonly source: string;
  readonly target: string;
}) {
  const made = (
    within: string,
    type: string,
    name: string,
    values: { readonly inputs?: object; readonly outputs?: object },
  ) => ({ urn: `${platform}${within}$${type}::${name}`, type, inputs: {}, outputs: {}, ...values });
  return {
    resources: [
      made('', 'random:index/randomPassword:RandomPassword', 'login-strata_app', {
        outputs: { result: secret('of somebody else') },
      }),
      made('', 'random:index/randomPassword:RandomPassword', 'database-admin', {
        outputs: { result: secret(source) },
      }),
      made('', 'strata:tls:Authority', 'authority', {
        outputs: { certificate, key: secret('its key') },
      }),
      made('', 'aws:ebs/volume:Volume', 'database-1', { outputs: { id: 'vol-1' } }),
      made('$strata:index:Tier', 'aws:ec2/volumeAttachment:VolumeAttachment', 'queue-1', {
        inputs: { instanceId: 'i-00000000000000bad', stopInstanceBeforeDetaching: true },
      }),
      made('$strata:index:Tier', 'aws:ec2/volumeAttachment:VolumeAttachment', 'database-1', {
        inputs: { instanceId: 'i-0123456789abcdef0', stopInstanceBeforeDetaching: true },
      }),
      made('$strata:aws:ManagedDatabase', 'aws:rds/instance:Instance', 'database-2', {
        inputs: { password: secret(target) },
        outputs: {
          address: movingHost,
          arn: 'arn:aws:rds:eu-central-1:123456789012:db:strata-prod-database-2',
        },
      }),
    ],
  };
}

function secret(text: string): object {
  return {
    '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    plaintext: JSON.stringify(text),
  };
}
