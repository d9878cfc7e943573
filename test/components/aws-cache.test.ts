import { beforeAll, describe, expect, test } from 'vitest';
import { redisUsers } from '../../components/services/redis';
import { tierNames } from '../../components/settings/names';
import type { TierName } from '../../components/settings/schema';
import { ofType, one, words } from '../support/aws';
import type { Registered } from '../support/graph';
import { deploy, reached } from '../support/platform';

const patience = 120_000;

function deployed(tier: TierName, elasticache: object = {}): Promise<readonly Registered[]> {
  const aws = { dnsZone: 'Z0123456789', cache: 'elasticache', elasticache };
  return deploy({ tier, target: 'aws', preset: 'minimal', domain: 'example.org', aws }, false);
}

describe.each(tierNames)('ElastiCache in tier %s', (tier) => {
  let all: readonly Registered[];

  beforeAll(async () => {
    all = await deployed(tier);
  }, patience);

  test('keeps the queue: two nodes in two zones, protected, encrypted, with snapshots', () => {
    const cache = one(all, 'elasticache/replicationGroup:ReplicationGroup', 'queue-1');
    const type = { single: 't4g.small', split: 't4g.medium', 'load-balanced': 'm7g.large' }[tier];
    expect(cache).toMatchObject({
      protect: true,
      inputs: {
        engine: 'valkey',
        nodeType: `cache.${type}`,
        numCacheClusters: 2,
        automaticFailoverEnabled: true,
        multiAzEnabled: true,
        transitEncryptionEnabled: true,
        transitEncryptionMode: 'required',
        atRestEncryptionEnabled: true,
        kmsKeyId: expect.stringContaining('encryption-key') as string,
        snapshotRetentionLimit: 7,
        finalSnapshotIdentifier: expect.stringContaining('queue-1-last') as string,
      },
    });
    expect(cache.inputs).not.toHaveProperty('authToken');
    expect(cache.parent).toContain('strata:index:Platform$strata:aws:Cache::queue-1');
    expect(ofType(all, 'ebs/volume:Volume')).not.toHaveProperty('queue-1');
  });

  test('throws nothing away, and gives nobody channels without a word', () => {
    const { parameters } = one(all, 'elasticache/parameterGroup:ParameterGroup', 'queue-1').inputs;
    expect(parameters).toEqual(
      expect.arrayContaining([
        { name: 'maxmemory-policy', value: 'noeviction' },
        { name: 'acl-pubsub-default', value: 'resetchannels' },
      ]),
    );
  });

  test('stands where there is no way to the internet, in each zone', () => {
    const { subnetIds } = one(all, 'elasticache/subnetGroup:SubnetGroup', 'queue-1').inputs;
    expect(words(subnetIds as string[]).map((id) => id.replace(/-?id$|_id$/, ''))).toEqual([
      expect.stringContaining('isolated-eu-central-1a') as string,
      expect.stringContaining('isolated-eu-central-1b') as string,
    ]);
  });

  test('is found open by servers alone, at its port', () => {
    const rules = Object.entries(
      ofType(all, 'vpc/securityGroupIngressRule:SecurityGroupIngressRule'),
    )
      .filter(([name]) => name.startsWith('doors-cache-'))
      .map(([, rule]) => rule);
    const groups = { single: ['server'], split: ['data', 'app'] } as const;
    const callers = tier === 'load-balanced' ? ['data', 'operations', 'app'] : groups[tier];
    expect(rules).toHaveLength(callers.length);
    for (const rule of rules) {
      expect(rule).toMatchObject({ fromPort: 6379, toPort: 6379, ipProtocol: 'tcp' });
      expect(rule).not.toHaveProperty('cidrIpv4');
      expect(String(rule.referencedSecurityGroupId)).toMatch(
        new RegExp(`doors-(${callers.join('|')})`),
      );
    }
    const leaving = Object.keys(ofType(all, 'vpc/securityGroupEgressRule:SecurityGroupEgressRule'));
    expect(leaving.filter((name) => name.startsWith('doors-cache'))).toEqual([]);
  });

  test('knows the users of the platform with their passwords, and no other', () => {
    const users = ofType(all, 'elasticache/user:User');
    const called = Object.values(users).map(({ userName }) => userName);
    expect(called.sort()).toEqual([...redisUsers].sort());
    for (const { engine, accessString, authenticationMode } of Object.values(users)) {
      expect(engine).toBe('valkey');
      expect(accessString).toMatch(/^on resetchannels .*-@all .*-@admin -@dangerous/);
      expect(accessString).not.toMatch(/\+@all|config/);
      expect(JSON.stringify(authenticationMode)).toContain('password-of-redis-');
    }
    const { engine, userIds } = one(all, 'elasticache/userGroup:UserGroup', 'queue-1').inputs;
    expect(engine).toBe('valkey');
    expect(new Set(userIds as string[])).toEqual(
      new Set(Object.values(users).map(({ userId }) => userId)),
    );
  });

  test('is there before the servers that ask it, and its host reaches them as a value', () => {
    const cache = one(all, 'elasticache/replicationGroup:ReplicationGroup', 'queue-1');
    const secrets = all.filter(
      ({ type }) => type === 'aws:secretsmanager/secretVersion:SecretVersion',
    );
    expect(secrets.length).toBeGreaterThan(0);
    for (const secret of secrets) {
      expect([...reached(all, secret)]).toContain(cache.urn);
      expect(JSON.stringify(secret.inputs)).toContain('master.queue-1.0123456789');
    }
  });
});

test(
  'the node and the days of snapshots are those that were asked for',
  async () => {
    const all = await deployed('single', { nodeType: 'cache.r7g.xlarge', snapshotDays: 35 });
    expect(
      one(all, 'elasticache/replicationGroup:ReplicationGroup', 'queue-1').inputs,
    ).toMatchObject({ nodeType: 'cache.r7g.xlarge', snapshotRetentionLimit: 35 });
  },
  patience,
);
