import { describe, expect, test } from 'vitest';
import { refusals } from '../../components/refusals';
import { aws, natOf, zonesOf } from '../../components/settings/aws';
import { SettingsError } from '../../components/settings/errors';
import { parseSettings } from '../../components/settings/read';

const good = { target: 'aws', domain: 'example.org', aws: { dnsZone: 'Z0123456789' } };

function read(config: Readonly<Record<string, unknown>>) {
  const raw = Object.entries({ ...good, ...config }).map(([key, value]) => [
    `strata:${key}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return parseSettings(Object.fromEntries(raw) as Record<string, string>, [], refusals);
}

/** What is said against a config: key and reason of each problem. */
function against(config: Readonly<Record<string, unknown>>): string[] {
  try {
    read(config);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map(({ key, reason }) => `${key} ${reason}`);
  }
}

describe('a config of target aws', () => {
  test.each(['single', 'split', 'load-balanced'])('may have tier %s', (tier) => {
    expect(against({ tier })).toEqual([]);
  });

  test.each([
    ['region', 'moon-1'],
    ['region', 'eu-central-1a'],
    ['region', 'eu-central-1\n'],
    ['zones', ['eu-central-1a']],
    ['zones', ['eu-central-1a', 'eu-central-1a']],
    ['zones', ['eu-central-1a', 'eu-west-1b']],
    ['zones', 'eu-central-1a'],
    ['network', '10.60.0.0/24'],
    ['network', '172.16.0.0/16'],
    ['network', '0.0.0.0/0'],
    ['network', '10.256.0.0/16'],
    ['nat', 'two'],
    ['endpoints', ['s3']],
    ['endpoints', ['ssm', 'ssm']],
    ['instanceTypes', { app: 'large' }],
    ['instanceTypes', { gateway: 'm7i.large' }],
    ['volumes', { database: 9 }],
    ['volumes', { database: '50' }],
    ['volumes', { database: 1e9 }],
    ['database', 'aurora'],
    ['dnsZone', 'example.org'],
    ['certificate', 'arn:aws:iam::123456789012:server-certificate/x'],
    ['elasticache', { nodeType: 'cache.x1.huge' }],
    ['elasticache', { snapshotDays: 0 }],
    ['permissionsBoundary', 'boundary'],
    ['alarms', 'nobody'],
    ['tags', { 'größe €': 'x' }],
    ['tags', { team: '' }],
  ])('is refused for %s: %j', (name, value) => {
    const [first = ''] = against({ aws: { dnsZone: 'Z0123456789', [name]: value } });
    expect(first).toContain(`strata:aws.${name}`);
  });

  test.each([
    ['domain', {}, { domain: 'localhost' }],
    ['aws.database', { database: 'rds' }, {}],
    ['redis.memory', { cache: 'elasticache' }, { redis: { memory: '2G' } }],
    ['aws.nat', { nat: 'none' }, { tier: 'split' }],
    ['gateway.ports.https', {}, { gateway: { ports: { https: 8443 } } }],
    ['gateway.ports.services.graphql', {}, { gateway: { ports: { services: { graphql: 9000 } } } }],
    [
      'tenancy.shards',
      {},
      {
        tenancy: { shards: { east: { host: 'db.example.com', port: 5432, url: 'east' } } },
        secrets: { east: 'postgresql://u:p@db.example.com/strata' },
      },
    ],
    [
      'customServices.shop.publish',
      {},
      { customServices: { shop: { image: 'shop:1', port: 8085, publish: 9000 } } },
    ],
  ])('is refused for %s, which does not go with it', (key, more, config) => {
    const said = against({ ...config, aws: { dnsZone: 'Z0123456789', ...more } });
    expect(said.join('\n')).toContain(`strata:${key} `);
  });

  describe('in tier load-balanced', () => {
    const tier = 'load-balanced';

    test('names a certificate or a zone in which one is proved', () => {
      expect(against({ tier, aws: {} })).toEqual([
        expect.stringContaining('strata:aws.certificate is missing'),
      ]);
    });

    test.each(['oauth', 'sessions', 'realtime', 'monitoring', 'gotrue'])(
      'cannot have %s so far',
      (name) => {
        const said = against({ tier, services: { [name]: { enabled: true } } });
        expect(said.join('\n')).toContain(`strata:services.${name} cannot be had`);
      },
    );

    test('leaves certificates to the balancer', () => {
      const gateway = { tls: { mode: 'acme', email: 'ops@example.org' } };
      expect(against({ tier, gateway }).join('\n')).toContain('strata:gateway.tls.mode');
    });
  });

  test('has the zones and ways out of its tier unless it says others', () => {
    const usual = aws.parse({});
    expect(zonesOf(usual)).toEqual(['eu-central-1a', 'eu-central-1b']);
    expect(natOf({ aws: usual, tier: 'single' })).toBe('none');
    expect(natOf({ aws: usual, tier: 'split' })).toBe('one');
    const given = aws.parse({ zones: ['eu-central-1c', 'eu-central-1a'], nat: 'per-zone' });
    expect(zonesOf(given)).toEqual(['eu-central-1c', 'eu-central-1a']);
    expect(natOf({ aws: given, tier: 'single' })).toBe('per-zone');
  });
});
