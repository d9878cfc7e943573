import { beforeAll, describe, expect, test } from 'vitest';
import type { TierName } from '../../components/settings/schema';
import { foundation, front, ofType, one, statementsOf } from '../support/aws';
import type { Registered } from '../support/graph';

const listener = 'lb/listener:Listener';
const records = 'route53/record:Record';

describe.each([
  ['applied', false],
  ['previewed', true],
])('the entrance of servers that are alike, %s', (_, preview) => {
  let all: Registered[];

  beforeAll(async () => {
    all = await foundation('load-balanced', preview);
  });

  test('speaks TLS, and sends who does not to where it does', () => {
    expect(one(all, listener, 'balancer-https').inputs).toMatchObject({
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
      defaultActions: [{ type: 'forward' }],
    });
    expect(one(all, listener, 'balancer-http').inputs).toMatchObject({
      port: 80,
      defaultActions: [
        {
          type: 'redirect',
          redirect: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' },
        },
      ],
    });
    expect(Object.keys(ofType(all, listener))).toHaveLength(2);
  });

  test('drops headers that are none, and logs', () => {
    expect(one(all, 'lb/loadBalancer:LoadBalancer', 'balancer').inputs).toMatchObject({
      internal: false,
      dropInvalidHeaderFields: true,
      accessLogs: { enabled: true },
      idleTimeout: 60,
    });
  });

  test('asks the gateway by TLS, and whether it is healthy where no name is needed', () => {
    expect(one(all, 'lb/targetGroup:TargetGroup', 'balancer').inputs).toMatchObject({
      protocol: 'HTTPS',
      port: 8443,
      deregistrationDelay: 120,
      healthCheck: { protocol: 'HTTP', port: '8080', path: '/healthz', matcher: '200' },
    });
  });

  test('encrypts its logs by the only way that AWS writes them', () => {
    const type =
      's3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration';
    expect(one(all, type, 'balancer-log').inputs.rules).toEqual([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' }, bucketKeyEnabled: false },
    ]);
  });

  test('counts what users rightly do, and refuses the rest that AWS knows as attacks', () => {
    const { rules } = one(all, 'wafv2/webAcl:WebAcl', 'balancer').inputs as { rules: Rule[] };
    const [flood, ...managed] = rules;
    expect(flood).toMatchObject({
      action: { block: { customResponse: { responseCode: 429 } } },
      statement: { rateBasedStatement: { limit: 20_000, aggregateKeyType: 'IP' } },
    });
    expect(new Set(rules.map(({ priority }) => priority)).size).toBe(4);
    for (const { overrideAction } of managed) expect(overrideAction).toEqual({ none: {} });
    const common = managed.find(({ name }) => name === 'AWSManagedRulesCommonRuleSet');
    const counted = common?.statement.managedRuleGroupStatement?.ruleActionOverrides ?? [];
    const names = counted.map(({ name }) => name);
    // A file is larger than 8 KB, and a mutation of GraphQL may write HTML.
    expect(names).toEqual(
      expect.arrayContaining(['SizeRestrictions_BODY', 'CrossSiteScripting_BODY']),
    );
    expect(names).not.toContain('UserAgent_BadBots_HEADER');
    for (const { actionToUse } of counted) expect(actionToUse).toEqual({ count: {} });
  });

  test('has a certificate for the domain and all below it', () => {
    expect(one(all, 'acm/certificate:Certificate', 'certificate').inputs).toMatchObject({
      domainName: 'example.org',
      subjectAlternativeNames: ['*.example.org'],
      validationMethod: 'DNS',
    });
  });

  test('is told of when it refuses, errs or loses a server', () => {
    expect(Object.keys(ofType(all, 'cloudwatch/metricAlarm:MetricAlarm'))).toEqual([
      'alarms-data-hardware',
      'alarms-data-unreachable',
      'alarms-errors',
      'alarms-notifier',
      'alarms-operations-hardware',
      'alarms-operations-unreachable',
      'alarms-refused',
      'alarms-unhealthy',
    ]);
  });
});

interface Rule {
  readonly name: string;
  readonly priority: number;
  readonly overrideAction?: unknown;
  readonly statement: {
    readonly managedRuleGroupStatement?: {
      readonly ruleActionOverrides?: { readonly name: string; readonly actionToUse: unknown }[];
    };
  };
}

describe('what AWS says is passed on', () => {
  test('a listener waits for the certificate to be issued, and names lead to the balancer', async () => {
    const all = await foundation('load-balanced', false);
    const issued = one(all, 'acm/certificateValidation:CertificateValidation', 'certificate');
    expect(issued.inputs.validationRecordFqdns).toEqual(['certificate.example.org']);
    expect(one(all, listener, 'balancer-https').dependencies).toContain(issued.urn);
    expect(one(all, records, 'certificate').inputs).toMatchObject({
      name: '_x',
      type: 'CNAME',
      records: ['y'],
    });
    const alias = { name: 'balancer.elb.example', zoneId: 'Z0123456789' };
    for (const name of ['domain-domain', 'domain-all']) {
      expect(one(all, records, name).inputs).toMatchObject({ type: 'A', aliases: [alias] });
    }
  });

  test('only balancers of this account write access logs, and no objects but these', async () => {
    const delivery = statementsOf(await foundation('load-balanced', false)).filter(
      ({ of, statement }) => of === 'BucketPolicy balancer-log' && statement.Effect === 'Allow',
    );
    expect(delivery.map(({ statement }) => statement)).toEqual([
      {
        Sid: 'AccessLogs',
        Effect: 'Allow',
        Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'arn:aws:s3:::bucket-balancer-log/AWSLogs/123456789012/*',
      },
    ]);
  });
});

describe.each<TierName>(['single', 'split'])('the entrance of %s', (tier) => {
  test('is an address that its names lead to', async () => {
    const all = await foundation(tier, false);
    expect(one(all, 'ec2/eip:Eip', 'entrance').inputs.instance).toBe(`id-of-${front[tier]}`);
    for (const [name, called] of [
      ['domain-domain', 'example.org'],
      ['domain-all', '*.example.org'],
    ] as const) {
      expect(one(all, records, name).inputs).toMatchObject({
        name: called,
        type: 'A',
        records: ['203.0.113.7'],
        ttl: 60,
      });
    }
    expect(Object.keys(ofType(all, 'lb/loadBalancer:LoadBalancer'))).toEqual([]);
  });
});

test('the names of an entrance are the same resources in every tier', async () => {
  const urns = (all: readonly Registered[]) =>
    all
      .filter(({ type, name }) => type === `aws:${records}` && name.startsWith('domain'))
      .map(({ urn }) => urn);
  const split = urns(await foundation('split', false));
  const balanced = urns(await foundation('load-balanced', false));
  expect(split).toEqual(balanced);
  expect(split).toHaveLength(2);
});
