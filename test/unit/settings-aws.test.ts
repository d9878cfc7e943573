import { describe, expect, test } from 'vitest';
import { refusals } from '../../components/refusals';
import { aws, natOf, zonesOf } from '../../components/settings/aws';
import { SettingsError } from '../../components/settings/errors';
import { presetNames } from '../../components/settings/names';
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
    ['backup', { days: 0 }],
    ['backup', { enabled: 'no' }],
    ['backup', { lock: { minDays: 7 } }],
    ['backup', { lock: { mode: 'governance', minDays: 14, maxDays: 7 } }],
    ['backup', { lock: { mode: 'governance', minDays: 7, coolingOffDays: 3 } }],
    ['backup', { lock: { mode: 'compliance', minDays: 7 } }],
    ['backup', { lock: { mode: 'compliance', minDays: 7, coolingOffDays: 2 } }],
    ['backup', { days: 6, lock: { mode: 'governance', minDays: 7 } }],
    ['backup', { days: 31, lock: { mode: 'governance', minDays: 7, maxDays: 30 } }],
    ['database', 'aurora'],
    ['databaseMove', 'copying'],
    ['databaseMove', 'begin'],
    ['image', 'ubuntu-24.04'],
    ['image', 'ami-0123456789ABCDEF0'],
    ['storage', 'efs'],
    ['cdn', 'yes'],
    ['dnsZone', 'example.org'],
    ['certificate', 'arn:aws:iam::123456789012:server-certificate/x'],
    ['elasticache', { nodeType: 'cache.x1.huge' }],
    ['elasticache', { snapshotDays: 0 }],
    ['permissionsBoundary', 'boundary'],
    ['tags', { 'größe €': 'x' }],
    ['tags', { team: '' }],
    ['tags', { Stack: 'shop' }],
    ['tags', { SERVICE: 'shop' }],
    ['tags', { 'aws:team': 'shop' }],
    ['tags', { 'AWS:team': 'shop' }],
    ['tags', { Team: 'a', team: 'b' }],
    ['tags', Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`tag-${at}`, 'x']))],
  ])('is refused for %s: %j', (name, value) => {
    const [first = ''] = against({ aws: { dnsZone: 'Z0123456789', [name]: value } });
    expect(first).toContain(`strata:aws.${name}`);
  });

  test('takes as many tags as an object of S3 has room for', () => {
    const tags = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`tag-${at}`, 'x']));
    expect(against({ aws: { dnsZone: 'Z0123456789', tags } })).toEqual([]);
  });

  test.each([
    ['domain', {}, { domain: 'localhost' }],
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

    const auth = { smtp: { host: 'mail.example.org', sender: 'a@example.org' } };

    // What a preset brings besides: ports of its own, which no tier of target aws opens.
    test.each(presetNames.filter((preset) => preset !== 'flask'))(
      'may have preset %s',
      (preset) => {
        const database = { memory: '8G' };
        expect(against({ tier, preset, database, auth })).toEqual([]);
      },
    );

    test('may show public files by CloudFront, where it keeps any and a certificate can be proved', () => {
      const storage = { storage: { enabled: true } };
      const cdn = { dnsZone: 'Z0123456789', cdn: true };
      expect(against({ tier, services: storage, aws: cdn })).toEqual([]);
      expect(against({ tier, aws: cdn })).toEqual([expect.stringContaining('no service keeps')]);
      const given =
        'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
      expect(against({ tier, services: storage, aws: { cdn: true, certificate: given } })).toEqual([
        expect.stringContaining('needs "strata:aws.dnsZone"'),
      ]);
      expect(against({ tier: 'split', services: storage, aws: cdn })).toEqual([
        expect.stringContaining('strata:aws.cdn needs tier load-balanced'),
      ]);
    });

    test('wants memory for the connections of all servers, twice as many while a release goes on', () => {
      expect(against({ tier: 'split', preset: 'supabase', auth })).toEqual([]);
      expect(against({ tier, preset: 'supabase', auth })).toEqual([
        'strata:database.memory cannot hold 219 connections (45 of the pools, 41 direct, 130 of services besides, 3 reserved)',
      ]);
    });

    test('leaves certificates to the balancer', () => {
      const gateway = { tls: { mode: 'acme', email: 'ops@example.org' } };
      expect(against({ tier, gateway }).join('\n')).toContain('strata:gateway.tls.mode');
    });
  });

  test('may lock its backups', () => {
    const lock = { mode: 'compliance', minDays: 7, maxDays: 30, coolingOffDays: 14 };
    expect(against({ aws: { backup: { days: 30, lock } } })).toEqual([]);
    expect(against({ aws: { backup: { lock: { mode: 'governance', minDays: 14 } } } })).toEqual([]);
  });

  test('has receivers by mail without a mail server, but where Alertmanager writes to them', () => {
    const monitoring = {
      receivers: { team: { kind: 'mail', to: ['ops@example.org'] } },
      send: { critical: ['team'] },
    };
    expect(against({ monitoring })).toEqual([]);
    expect(against({ monitoring, preset: 'standard' })).toEqual([
      'strata:monitoring.receivers.team is reached by mail, but no mail server is given',
    ]);
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
