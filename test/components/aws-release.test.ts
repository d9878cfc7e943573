import { createHash } from 'node:crypto';
import * as pulumi from '@pulumi/pulumi';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { secretText, valueName } from '../../components/targets/aws/release/values';
import { Release, type ReleaseArgs } from '../../components/targets/aws/release/release';
import type { Workload } from '../../components/services/service';
import { root } from '../../engine/root';
import { graph, type Registered } from '../support/graph';
import { isSecret, plainTexts } from '../support/platform';

const stack = 'test-release';
const object = 'aws:s3/bucketObjectv2:BucketObjectv2';
const version = 'aws:secretsmanager/secretVersion:SecretVersion';

const shop: Workload = {
  kind: 'workload',
  name: 'shop',
  image: 'shop:1',
  environment: {},
  secrets: { KEY: { platform: 'jwt-key' } },
  secretEnvironment: { ADMIN: { platform: 'hasura-admin' } },
  files: { 'shop.conf': { template: 'key={{KEY}}', secrets: { KEY: { platform: 'jwt-key' } } } },
  volumes: { '/data': 'database', '/cache': 'pooler' },
  needs: [],
  readsSchema: false,
  routes: {},
  replicas: 1,
};

const args: ReleaseArgs = {
  stack,
  group: 'data',
  services: [shop],
  schemaVersion: '1',
  nodeImage: 'node:22',
  secret: (source) => pulumi.secret(`value-of-${valueName(source)}`),
  volumes: { database: 'vol-1' },
  store: { bucket: 'releases', keyArn: 'arn:key', after: [] },
};

afterAll(() => {
  rmSync(path.join(root, '.strata/releases', stack), { recursive: true });
});

function release(preview: boolean): Promise<Registered[]> {
  return graph(
    () => new Release('release-data', args),
    {
      [object]: (name) => ({ versionId: `version-of-${name}` }),
      'aws:secretsmanager/secret:Secret': () => ({ arn: 'arn:secret' }),
      [version]: () => ({ versionId: 'version-of-values' }),
    },
    preview,
  );
}

function named(all: readonly Registered[], name: string): Registered {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name} among ${all.map((one) => one.name).join(', ')}`);
  return found;
}

describe.each([true, false])('a release of a group (preview: %s)', (preview) => {
  test('is a bundle, a secret with its values, and a manifest', async () => {
    const all = await release(preview);
    const component = named(all, 'release-data');
    const children = all.filter(({ parent }) => parent === component.urn);
    expect(children.map(({ type, name }) => [type, name]).sort()).toEqual([
      [object, 'release-data-bundle'],
      [object, 'release-data-manifest'],
      ['aws:secretsmanager/secret:Secret', 'release-data-secret'],
      [version, 'release-data-values'],
    ]);
  });

  test('is encrypted with the key that is given, and older values stay', async () => {
    const all = await release(preview);
    const stored = all.filter(({ type }) => type === object);
    expect(stored.map(({ inputs }) => [inputs.kmsKeyId, inputs.serverSideEncryption])).toEqual([
      ['arn:key', 'aws:kms'],
      ['arn:key', 'aws:kms'],
    ]);
    expect(named(all, 'release-data-secret').inputs.kmsKeyId).toBe('arn:key');
    expect(named(all, 'release-data-values').retainOnDelete).toBe(true);
  });

  test('shows its secrets nowhere', async () => {
    const all = await release(preview);
    expect(isSecret(named(all, 'release-data-values').inputs.secretString)).toBe(true);
    expect(all.flatMap(({ inputs }) => plainTexts(inputs)).join('\n')).not.toContain('value-of-');
    const file = path.join(root, '.strata/releases', stack, 'data.tar');
    expect(readFileSync(file, 'utf8')).not.toContain('value-of-');
  });
});

test('the manifest names one version of everything, and the bundle by its checksum', async () => {
  const all = await release(false);
  const content = named(all, 'release-data-manifest').inputs.content as string;
  const bytes = readFileSync(path.join(root, '.strata/releases', stack, 'data.tar'));
  expect(JSON.parse(content)).toEqual({
    bundle: {
      key: 'releases/data.tar',
      version: 'version-of-release-data-bundle',
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    secret: { arn: 'arn:secret', version: 'version-of-values' },
    volumes: { database: 'vol-1' },
  });
});

test('what is kept and has no volume is refused', () => {
  expect(() => new Release('release-data', { ...args, volumes: {} })).toThrow(
    'Group "data" keeps database, and no volume is given for that.',
  );
});

test('more than Secrets Manager takes is refused with its size', () => {
  const values = { small: 'x', 'config:large': 'ä'.repeat(40_000) };
  expect(() => secretText('data', values)).toThrow(
    /"data" take 80\d\d\d bytes together; Secrets Manager takes 65536\. The largest is "config:large"/,
  );
  expect(secretText('data', { small: 'x' })).toBe('{"small":"x"}');
});
