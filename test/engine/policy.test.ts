import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateOf, whyNoEngine } from '../support/engine';
import { Workspace, type Ran } from '../support/workspace';

const reason = await whyNoEngine();

/** A provider that makes nothing: the pack judges what the engine tells of resources, before and after. */
const standIn = `#!/usr/bin/env node
const { main } = require('@pulumi/pulumi/provider');
const made = (urn, inputs) => ({ id: urn.split('::').pop(), outs: inputs });
main({
  version: '7.48.0',
  check: async (_urn, _olds, inputs) => ({ inputs }),
  create: async (urn, inputs) => made(urn, inputs),
  read: async (id, _urn, props) => ({ id, props }),
  update: async (_id, _urn, _olds, inputs) => ({ outs: inputs }),
  delete: async () => undefined,
}, process.argv.slice(2));
`;

const lawful = `
import * as pulumi from '@pulumi/pulumi';
import { Password } from './provider/sdk';

class Aws extends pulumi.ProviderResource {
  constructor() {
    const tags = { project: 'strata', stack: 'prod', tier: 'single' };
    super('aws', 'aws', { defaultTags: pulumi.jsonStringify({ tags }) });
  }
}
const provider = new Aws();
const later = new Password('later', { length: 16 }, {});

function declare(type: string, name: string, props: pulumi.Inputs, opts: pulumi.CustomResourceOptions = {}) {
  return new pulumi.CustomResource(type, name, props, { provider, ...opts });
}

declare('aws:ebs/volume:Volume', 'database-1', { encrypted: true }, { protect: true });
declare('aws:cloudwatch/logGroup:LogGroup', 'flow', { kmsKeyId: later.result });
const bucket = declare('aws:s3/bucket:Bucket', 'releases', { forceDestroy: true }).id;
declare('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', 'closed', {
  bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true,
});
declare('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration', 'encrypted', {
  bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: later.result } }],
});
declare('aws:s3/bucketVersioning:BucketVersioning', 'versioned', {
  bucket, versioningConfiguration: { status: 'Enabled' },
});
const policy = pulumi.jsonStringify({ Statement: [{
  Sid: later.result, Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
}] });
declare('aws:s3/bucketPolicy:BucketPolicy', 'by-tls', { bucket, policy });
`;

let workspace: Workspace;

function pulumi(...args: string[]): Promise<Ran> {
  return workspace.run('pulumi', '--', ...args, '--stack', 'local', '--non-interactive');
}

const preview = (): Promise<Ran> => pulumi('preview', '--policy-pack', 'policy');
const up = (): Promise<Ran> => pulumi('up', '--yes', '--skip-preview', '--policy-pack', 'policy');

/** The lawful program with one text replaced. */
function write(from = '', to = ''): void {
  expect(lawful).toContain(from);
  workspace.write('index.ts', lawful.replace(from, to));
}

/** What the pack found: `rule: resource`. */
function found({ stdout }: Ran): string[] {
  return [...stdout.matchAll(/\[mandatory\]\s+(\S+)\s+\(\S+ (\S+)\)/g)].map(
    ([, rule, name]) => `${String(rule)}: ${String(name)}`,
  );
}

describe.skipIf(reason)('the policy pack, asked by the engine', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    workspace.write('aws/pulumi-resource-aws', standIn);
    chmodSync(workspace.path('aws/pulumi-resource-aws'), 0o755);
    const ours = '      path: ./provider\n';
    workspace.edit('Pulumi.yaml', ours, `${ours}    - name: aws\n      path: ./aws\n`);
    const { code, stderr } = await pulumi('stack', 'init');
    expect(code, stderr).toBe(0);
  });

  afterAll(() => workspace.dispose());

  test('lets a lawful deployment pass, also where values are known only later', async () => {
    write();
    const ran = await preview();
    expect(ran.stdout).toContain('strata@v');
    expect(found(ran)).toEqual([]);
    expect(ran.stdout).not.toContain("can't run");
    expect(ran.code, ran.stdout).toBe(0);
  });

  test('ends a preview with what is wrong and what to do', async () => {
    write('encrypted: true', 'encrypted: false');
    const ran = await preview();
    expect(found(ran)).toEqual(['volumes-encrypted: database-1']);
    expect(ran.stdout).toContain('Volumes are encrypted. Set encrypted: true.');
    expect(ran.stdout).toContain('database-1: encrypted is false');
    expect(ran.code).not.toBe(0);
  });

  test('sees what is missing among the resources', async () => {
    write('  bucket, blockPublicAcls', "  bucket: 'another', blockPublicAcls");
    const ran = await preview();
    expect(found(ran)).toEqual(['buckets-private: releases']);
    expect(ran.code).not.toBe(0);
  });

  test('knows the default tags of the provider', async () => {
    write("tier: 'single'", "level: 'single'");
    expect(found(await preview())).toContain('tagged: flow');
  });

  test('stops an update before the resource is made', async () => {
    write('{ forceDestroy: true }', '{ forceDestroy: false }');
    const ran = await up();
    expect(found(ran)).toEqual(['buckets-kept: releases']);
    expect(ran.code).not.toBe(0);
    const made = stateOf(workspace).resources.map(({ type }) => type);
    expect(made).not.toContain('aws:s3/bucket:Bucket');
  });

  test('looks again when all values are known', async () => {
    write();
    const made = await up();
    expect(made.code, made.stdout).toBe(0);
    write("'aws:SecureTransport': 'false'", "'aws:SecureTransport': 'true'");
    const ran = await up();
    expect(found(ran)).toEqual(['buckets-tls-only: by-tls']);
    expect(ran.code).not.toBe(0);
  });

  test('is asked only where a command says so', async () => {
    write('encrypted: true', 'encrypted: false');
    const ran = await pulumi('preview');
    expect(ran.stdout).not.toContain('strata@v');
    expect(ran.code, ran.stdout).toBe(0);
  });
});
