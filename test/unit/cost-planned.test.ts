import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import { estimate } from '../../engine/cost/estimate';
import { registeredBy } from '../../engine/cost/planned';
import { priceList } from '../../engine/cost/prices';

/** A small program as target aws writes it: through a provider of its own, ids of one resource in another. */
function program(): void {
  const parent = new (class extends pulumi.ComponentResource {})('strata:index:Platform', 'strata');
  const provider = new aws.Provider('aws', { region: 'eu-central-1' }, { parent });
  const opts = { parent, provider };
  const image = aws.ssm.getParameterOutput({ name: '/ami' }, opts).value;
  const template = new aws.ec2.LaunchTemplate(
    'app',
    {
      instanceType: 'm7i.large',
      imageId: image,
      blockDeviceMappings: [
        { deviceName: '/dev/sda1', ebs: { volumeSize: 40, volumeType: 'gp3' } },
      ],
    },
    opts,
  );
  new aws.autoscaling.Group(
    'app',
    { minSize: 2, maxSize: 4, launchTemplate: { id: template.id, version: '$Latest' } },
    opts,
  );
  const key = new aws.kms.Key('data', {}, opts);
  new aws.ebs.Volume(
    'database-1',
    { availabilityZone: 'eu-central-1a', size: 50, type: 'gp3', kmsKeyId: key.arn },
    opts,
  );
}

describe('the program run without an engine', () => {
  test('says what it would make, with what each resource is made of', async () => {
    const resources = await registeredBy('prod', {}, program);
    const { lines, without } = estimate(resources, 'eu-central-1', priceList);

    expect(without).toEqual([]);
    expect(lines.map(({ resource, item, quantity }) => [resource, item, quantity])).toEqual(
      expect.arrayContaining([
        ['app', 'instance:m7i.large', 1460],
        ['app', 'volume:gp3', 80],
        ['data', 'key', 1],
        ['database-1', 'volume:gp3', 50],
      ]),
    );
    expect(lines).toHaveLength(4);
    const provider = resources.find(({ type }) => type === 'pulumi:providers:aws');
    expect(provider?.inputs.region).toBe('eu-central-1');
  });

  test('a second run knows nothing of the first', async () => {
    const first = await registeredBy('prod', {}, program);
    const second = await registeredBy('prod', {}, program);
    expect(second.map(({ urn }) => urn).sort()).toEqual(first.map(({ urn }) => urn).sort());
  });

  test('a program that throws is an error, not an estimate of what it registered before', async () => {
    const broken = (): void => {
      program();
      throw new Error('no such thing');
    };
    await expect(registeredBy('prod', {}, broken)).rejects.toThrow('no such thing');
  });
});
