import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { linked } from '../../components/links/linked';
import { amazonAuthorities, ledToCache } from '../../components/links/way-to-cache';
import { planOf } from '../../components/plan';
import { accessString, redisUsers } from '../../components/services/redis';
import { tierNames } from '../../components/settings/names';
import type { TierName } from '../../components/settings/schema';
import { groupsOf } from '../../components/tiers/placement';
import { settingsOf } from '../support/platform';

function groups(tier: TierName, cache: string) {
  const config = { target: 'aws', tier, domain: 'example.org', aws: { cache }, preset: 'standard' };
  const settings = settingsOf(config);
  const led = ledToCache(groupsOf(tier, planOf(settings)), settings);
  return linked(led, (name) => `${name}.example`, settings);
}

describe.each(tierNames)('a cache of AWS in tier %s', (tier) => {
  test('is led to from each server by one way of its own, past the others', () => {
    for (const { services } of groups(tier, 'elasticache')) {
      const [redis, ...more] = services.filter(({ name }) => name === 'redis');
      expect(more).toEqual([]);
      expect(redis?.files).toHaveProperty(['authorities.pem']);
      expect(JSON.stringify(services)).not.toContain('redis-6379.links.internal');
    }
  });

  test('leaves no volume of its own on any server', () => {
    const kept = groups(tier, 'elasticache').flatMap(({ services }) =>
      services.flatMap(({ volumes = {} }) => Object.values(volumes)),
    );
    expect(kept).toContain('database');
    expect(kept).not.toContain('queue');
  });

  test('is no matter for a platform with its own', () => {
    expect(JSON.stringify(groups(tier, 'vm'))).not.toContain('authorities.pem');
  });
});

test('a way to the cache believes the five authorities of Amazon and nobody else', () => {
  const names = amazonAuthorities()
    .split(/(?<=-----END CERTIFICATE-----)\n/)
    .map((certificate) => /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1]);
  expect(names.sort()).toEqual([
    'Amazon Root CA 1',
    'Amazon Root CA 2',
    'Amazon Root CA 3',
    'Amazon Root CA 4',
    'Starfield Services Root Certificate Authority - G2',
  ]);
});

test('users of ElastiCache have the rules that it takes', () => {
  for (const user of redisUsers) {
    const [state, channels, ...rules] = accessString(user).split(' ');
    expect([state, channels]).toEqual(['on', 'resetchannels']);
    for (const rule of rules) {
      expect(rule).toMatch(/^(?:[~&]\S+|[+-]@?[a-z]+(?:[|_][a-z]+)?)$/);
      // What it restricts may not even be named.
      expect(rule).not.toMatch(/config|debug|migrate|psync|replicaof|shutdown|slaveof|bgsave|acl/);
    }
  }
});
