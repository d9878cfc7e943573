import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import { violationsOf } from '../../policy/violations';
import { graph, type Answers } from '../support/graph';
import { recorded } from '../support/recorded';

const answers: Answers = {
  'aws:ec2/instance:Instance': () => ({}),
  'aws:kms/key:Key': (name) => ({ arn: `arn-of-${name}` }),
  'aws:secretsmanager/secret:Secret': (name) => ({ arn: `arn-of-${name}` }),
  'pulumi:providers:aws': () => ({}),
};

interface Choice {
  readonly tags?: Record<string, string>;
  readonly userData?: pulumi.Input<string>;
}

const tags = { project: 'strata', stack: 'test', tier: 'single' };

function program({ tags: given = tags, userData = '#cloud-config\n' }: Choice) {
  return (): void => {
    const provider = new aws.Provider('aws', { defaultTags: { tags: given } });
    const key = new aws.kms.Key('key', { enableKeyRotation: true }, { provider, protect: true });
    const secret = new aws.secretsmanager.Secret('values', { kmsKeyId: key.arn }, { provider });
    new aws.ec2.Instance(
      'server',
      {
        rootBlockDevice: { encrypted: true },
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        userData: pulumi.interpolate`${userData}secret_arn: ${secret.arn}\n`,
      },
      { provider },
    );
  };
}

describe.each([
  ['in a first preview', true],
  ['when all is known', false],
])('the rules, over what a program registers %s', (_when, preview) => {
  const broken = async (choice: Choice): Promise<string[]> =>
    violationsOf(recorded(await graph(program(choice), answers, preview))).map(
      ({ rule, name }) => `${rule}: ${name}`,
    );

  test('find nothing in a lawful one', async () => {
    expect(await broken({})).toEqual([]);
  });

  test('know the default tags of its provider', async () => {
    const found = await broken({ tags: { project: 'strata' } });
    expect(found.sort()).toEqual(['tagged: key', 'tagged: server', 'tagged: values']);
  });

  test('see that user data is made of a secret, whatever it looks like', async () => {
    const found = await broken({ userData: pulumi.secret('innocent\n') });
    expect(found).toEqual(preview ? [] : ['no-secrets-in-user-data: server']);
  });
});
