import { beforeAll, describe, expect, test, vi } from 'vitest';
import { tierNames } from '../../components/settings/names';
import type { TierName } from '../../components/settings/schema';
import { violationsOf } from '../../policy/violations';
import type { Registered } from '../support/graph';
import { deploy, plainTexts, reached, settingsOf } from '../support/platform';
import { behindGateway } from '../../components/services/catalogue';
import { noTables } from '../../components/plan';
import { recorded } from '../support/recorded';

// What images are built from takes longer to bundle than everything else, and is the same here as anywhere.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});

const instanceType = 'aws:rds/instance:Instance';

function configOf(tier: TierName, more: object = {}): Record<string, unknown> {
  const off = { enabled: false };
  return {
    tier,
    preset: 'minimal',
    target: 'aws',
    domain: 'example.org',
    aws: { dnsZone: 'Z0123456789', database: 'rds', rds: { replicas: 2, ...more } },
    services: tier === 'load-balanced' ? { monitoring: off } : { monitoring: { enabled: true } },
  };
}

describe.each(tierNames)('a database of RDS in tier %s', (tier) => {
  let all: readonly Registered[];
  const of = (type: string) => all.filter((resource) => resource.type === type);
  const named = (name: string): Registered => {
    const found = of(instanceType).find((resource) => resource.name === name);
    if (!found) throw new Error(`no instance ${name}`);
    return found;
  };

  beforeAll(async () => {
    all = await deploy(configOf(tier), false);
  }, 120_000);

  test('is below the platform, protected by Pulumi and by AWS, in nobody else’s reach', () => {
    const { parent, protect, inputs } = named('database-1');
    expect(parent).toContain('::strata:index:Platform$strata:aws:ManagedDatabase::database-1');
    expect(protect).toBe(true);
    expect(inputs).toMatchObject({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: expect.stringMatching(/-last$/) as string,
      publiclyAccessible: false,
      storageEncrypted: true,
      backupRetentionPeriod: 7,
      multiAz: tier === 'load-balanced',
    });
    expect(plainTexts(inputs.password)).toEqual([]);
  });

  test('leaves no volume, container, backup or certificate of a database behind', () => {
    expect(of('aws:ebs/volume:Volume').map(({ name }) => name)).not.toContain('database-1');
    expect(of('strata:tls:Certificate').map(({ name }) => name)).not.toContain(
      'certificate-database',
    );
    const settings = settingsOf(configOf(tier));
    const services = behindGateway({ settings, tenancy: noTables, functions: [] });
    expect(services.map(({ name }) => name)).not.toContain('backup');
  });

  test('has replicas below the tier, which hold nothing of their own', () => {
    for (const name of ['database-replica-1', 'database-replica-2']) {
      const { urn, protect, inputs } = named(name);
      expect(urn).toMatch(/::strata:tiers:\w+\$aws:rds\/instance:Instance::/);
      expect(protect).toBe(false);
      expect(inputs).toMatchObject({ skipFinalSnapshot: true, publiclyAccessible: false });
      expect(inputs).not.toHaveProperty('password');
    }
  });

  test('lets in servers alone, on its port, and goes nowhere', () => {
    const rules = of('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule').filter(
      ({ name }) => name.startsWith('doors-database-from-'),
    );
    const groups = of('strata:aws:Release').map(({ name }) => name);
    expect(rules.map(({ name }) => name.replace('doors-database-from-', '')).sort()).toEqual(
      [...groups].sort(),
    );
    for (const { inputs } of rules) {
      expect(inputs).toMatchObject({ fromPort: 5432, toPort: 5432, ipProtocol: 'tcp' });
      expect(inputs).not.toHaveProperty('cidrIpv4');
    }
    const out = of('aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule');
    expect(out.map(({ name }) => name).join(' ')).not.toContain('doors-database');
  });

  test('is there before any server runs a release', () => {
    const { urn } = named('database-1');
    const releases = all.filter(({ type }) => /^strata:aws:(Command|Rollout)$/.test(type));
    expect(releases.length).toBeGreaterThan(0);
    for (const release of releases) expect([...reached(all, release)]).toContain(urn);
  });

  test('is found by its own name, with Amazon’s authorities, and by the pooler’s', () => {
    const secrets = of('aws:secretsmanager/secretVersion:SecretVersion').map(({ inputs }) =>
      JSON.stringify(inputs),
    );
    const text = secrets.join('\n').replaceAll('\\', '');
    expect(text).toMatch(
      /direct:true":"postgresql:[^"]*@database-1\.0123456789ab\.eu-central-1\.rds/,
    );
    expect(text).toMatch(/"authority:database":"certificate-of-authorityn-----BEGIN CERTIFICATE/);
    expect(text).toContain('@pooler:6432/strata?sslmode=verify-full');
    expect(text).not.toMatch(/@database[:/]/);
    expect(text).not.toMatch(/sslmode=(?!verify-full)/);
  });

  test('breaks no rule of the policy pack', () => {
    expect(violationsOf(recorded(all))).toEqual([]);
  });

  test('has logs that are encrypted before the first line is written', () => {
    const { dependencies } = named('database-1');
    const groups = of('aws:cloudwatch/logGroup:LogGroup').filter(({ inputs }) =>
      String(inputs.name).startsWith('/aws/rds/instance/'),
    );
    expect(groups).toHaveLength(6);
    for (const { inputs } of groups) expect(inputs).toHaveProperty('kmsKeyId');
    for (const { name, urn } of groups.filter((group) => group.name.startsWith('database-1'))) {
      expect(dependencies, name).toContain(urn);
    }
  });
});
