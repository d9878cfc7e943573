import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { gatewayConfig } from '../../components/services/gateway/config';
import { containerLayout } from '../../components/services/gateway/input';
import { guard, guardConfig } from '../../components/services/guard';
import { readConfig } from '../../components/services/images/guard/config';
import { hashOf, keyText, parseKey } from '../../components/services/images/guard/key';
import { Memory } from '../../components/services/images/shared/memory';
import { addressOf, areaOf } from '../../components/services/images/guard/routes';
import { opens, scopes } from '../../components/services/scopes';
import type { Route } from '../../components/services/route';
import type { Workload } from '../../components/services/service';
import { limits } from '../../components/settings/limits';
import { settingsSchema } from '../../components/settings/schema';

const routes = [
  { path: '/storage/', area: 'storage' },
  { path: '/functions/', area: 'functions' },
  { path: '/functions/deep/', area: 'services' },
  { path: '/exact', area: 'services' },
  { path: '/', host: 'cdn.example.org', area: 'services' },
] as const;

describe('which scope a path needs', () => {
  const area = (uri: string, host = 'api.example.org', tenantPath = ''): string | undefined =>
    areaOf([...routes], { host, uri, tenantPath });

  test.each([
    ['/storage/a', 'storage'],
    ['/storage/', 'storage'],
    ['/storage/a%20b.png?x=/functions/', 'storage'],
    ['/storage/100%25.png', 'storage'],
    ['/storage/a/./b', 'storage'],
    ['/storage//a', 'storage'],
    ['/functions/deep/x', 'services'],
    ['/exact', 'services'],
  ])('%s', (uri, expected) => {
    expect(area(uri)).toBe(expected);
  });

  test.each([
    '/storage',
    '/exact/more',
    '/elsewhere',
    '',
    'storage/a',
    '/storage/../functions/x',
    '/storage/%2e%2e/functions/x',
    '/storage/..%2ffunctions/x',
    '/storage/%252e%252e/functions/x',
    '/storage/..\\functions/x',
    '/storage/%5c..%5cfunctions',
    '/storage/%00',
    '/storage/%zz',
    '/%73torage/a',
    '//storage/a',
    '/storage/a/../../functions/x',
    '/Storage/a',
  ])('%s opens nothing', (uri) => {
    expect(area(uri)).toBeUndefined();
  });

  test("a host's own routes are the only ones there", () => {
    expect(area('/storage/a', 'cdn.example.org')).toBe('services');
    expect(area('/storage/a', 'CDN.example.org:443')).toBe('services');
    expect(area('/storage/a', 'acme.example.org')).toBe('storage');
  });

  test("a tenant's path is left out once, where nginx left it out", () => {
    expect(area('/t/acme/storage/a', 'api.example.org', 'acme')).toBe('storage');
    expect(area('/t/acme/storage/a')).toBeUndefined();
    expect(area('/t/acme/t/acme/storage/a', 'api.example.org', 'acme')).toBeUndefined();
    expect(area('/t/acme/storage/a', 'api.example.org', 'globex')).toBeUndefined();
  });
});

test('a scope opens its area for its action', () => {
  expect(opens(['storage:read'], 'storage', 'read')).toBe(true);
  expect(opens(['storage:*'], 'storage', 'write')).toBe(true);
  expect(opens(['storage:read', 'graphql:write'], 'storage', 'write')).toBe(false);
  expect(opens(['storage:write'], 'storage', 'read')).toBe(false);
  expect(opens(['*'], 'storage', 'read')).toBe(false);
  expect(opens([], 'storage', 'read')).toBe(false);
  expect(scopes).toHaveLength(12);
});

test.each([
  ['192.0.2.1', undefined, '192.0.2.1'],
  ['::ffff:192.0.2.1', undefined, '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ['2001:db8::9', undefined, '2001:db8:0:0::/64'],
  ['::1', undefined, '0:0:0:0::/64'],
  ['fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ['no address', '198.51.100.7', '198.51.100.7'],
  ['', '198.51.100.7', '198.51.100.7'],
  ['x'.repeat(10_000), undefined, 'unknown'],
])('failures of %s (%s) are counted by %s', (given, socket, expected) => {
  expect(addressOf(given, socket)).toBe(expected);
});

describe('an API key', () => {
  const id = randomUUID();
  const secret = randomBytes(32);
  const text = keyText(id, secret);

  test('is read back', () => {
    expect(text).toMatch(/^strata_[0-9a-f]{32}_[0-9a-f]{72}$/);
    expect(parseKey(text)).toEqual({ id, hash: hashOf(secret) });
  });

  test('with any one character changed is no key', () => {
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === '0' ? '1' : '0';
      expect(parseKey(text.slice(0, at) + other + text.slice(at + 1)), String(at)).toBeUndefined();
    }
  });

  test.each([
    text.toUpperCase(),
    ` ${text}`,
    `${text}\n`,
    `${text}, ${text}`,
    text.slice(0, -1),
    '',
  ])('written otherwise is no key: %j', (other) => {
    expect(parseKey(other)).toBeUndefined();
  });
});

describe('a memory', () => {
  const options = { max: 2, ttlMs: 10_000, missTtlMs: 10_000 };
  const counting = (): { calls: number; load: () => Promise<string> } => {
    const it = { calls: 0, load: () => Promise.resolve(`answer ${(it.calls += 1)}`) };
    return it;
  };

  test('asks once, also when many ask at the same time', async () => {
    const memory = new Memory<string>(options);
    const { load } = counting();
    const asked = await Promise.all([memory.ask('a', load), memory.ask('a', load)]);
    expect([...asked, await memory.ask('a', load)]).toEqual(['answer 1', 'answer 1', 'answer 1']);
  });

  test('forgets what it is told to, and what was being asked meanwhile', async () => {
    const memory = new Memory<string>(options);
    const { load } = counting();
    let answer: (value: string) => void = () => undefined;
    const before = memory.ask('a', () => new Promise((resolve) => (answer = resolve)));
    memory.forget();
    answer('from before the change');
    await before;
    expect(await memory.ask('a', load)).toBe('answer 1');
    memory.forget((key) => key === 'b');
    expect(await memory.ask('a', load)).toBe('answer 1');
    memory.forget((key) => key === 'a');
    expect(await memory.ask('a', load)).toBe('answer 2');
  });

  test('keeps no more than it may, and misses push no answer out', async () => {
    const memory = new Memory<string>(options);
    const { load } = counting();
    await memory.ask('a', load);
    for (const key of ['x', 'y', 'z']) await memory.ask(key, () => Promise.resolve(undefined));
    const known = async (key: string): Promise<boolean> => {
      const asked = vi.fn(() => Promise.reject(new Error('asked')));
      await memory.ask(key, asked).catch(() => undefined);
      return asked.mock.calls.length === 0;
    };
    expect([await known('a'), await known('x'), await known('z')]).toEqual([true, false, true]);
    await memory.ask('b', load);
    await memory.ask('c', load);
    expect([await known('a'), await known('b'), await known('c')]).toEqual([false, true, true]);
  });

  test('serves no old answer while nobody answers', async () => {
    const memory = new Memory<string>({ ...options, ttlMs: 0 });
    await memory.ask('a', () => Promise.resolve('old'));
    await expect(memory.ask('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  });
});

describe('the guard of a deployment', () => {
  const service = (name: string, given: Record<string, Route>): Workload => ({
    ...guard(settings, []),
    name,
    port: 3000,
    routes: given,
  });
  const settings = { ...settingsSchema.parse({ domain: 'example.org' }), limits: limits.parse({}) };
  const behind = [
    service('graphql', { graphql: { path: '/graphql', access: 'graphql' } }),
    service('storage', {
      storage: { path: '/storage/', access: 'token' },
      signed: { path: '/storage/signed/', access: 'public' },
    }),
    service('functions', { functions: { path: '/functions/', access: 'token' } }),
    service('shop', {
      shop: { path: '/', subdomain: 'shop', access: 'token', upstreamPath: '/x' },
    }),
    service('admin', { admin: { path: '/admin/', access: 'operator' } }),
  ];

  test('knows the paths that it guards, and is read by its program', () => {
    const config = guardConfig(settings, behind);
    expect(readConfig(JSON.stringify(config))).toEqual(config);
    expect(config.graphql).toEqual([
      {
        path: '/graphql',
        upstream: 'http://graphql:3000/graphql',
        timeoutSeconds: 30,
        websocket: false,
      },
    ]);
    expect(config.routes).toEqual([
      { path: '/storage/', area: 'storage' },
      { path: '/functions/', area: 'functions' },
      { path: '/', host: 'shop.example.org', area: 'services' },
      { path: '/v1/storage/', area: 'storage' },
      { path: '/v1/functions/', area: 'functions' },
      { path: '/storage/v1/', area: 'storage' },
      { path: '/functions/v1/', area: 'functions' },
    ]);
  });

  test.each([
    ['/v1/storage/a', '', 'storage'],
    ['/t/acme/v1/storage/a', 'acme', 'storage'],
    ['/v1/functions/hello?x=1', '', 'functions'],
    ['/v1/functions/../storage/a', '', undefined],
    ['/v1/graphql', '', undefined],
    ['/v1/other', '', undefined],
  ])('finds the area of %s, an alias of the gateway', (uri, tenantPath, expected) => {
    const { routes } = guardConfig(settings, behind);
    expect(areaOf(routes, { host: 'api.example.org', uri, tenantPath })).toBe(expected);
  });

  test('leaves an alias to the service that has the path itself, as the gateway does', () => {
    const own = service('old', { old: { path: '/v1/storage/', access: 'token' } });
    const open = service('new', { open: { path: '/v1/functions/', access: 'public' } });
    expect(guardConfig(settings, [...behind, own, open]).routes.slice(3)).toEqual([
      { path: '/v1/storage/', area: 'services' },
      { path: '/storage/v1/', area: 'storage' },
      { path: '/functions/v1/', area: 'functions' },
    ]);
  });

  test('knows every path about which the gateway asks, and no other', () => {
    const rest = service('rest', { rest: { path: '/rest/', access: 'token' } });
    const all = [...behind, rest, { ...guard(settings, behind), port: 8000 }];
    const { gateway, domain } = settings;
    const input = { image: 'nginx:1', domain, gateway, graphqlBytes: 100_000 };
    const sites = gatewayConfig(input, all, containerLayout())['sites.conf'];
    const asked = (sites as string).matchAll(/location (?:= )?(\S+) \{\n +set \$access token;/g);
    expect(
      guardConfig(settings, all)
        .routes.map(({ path }) => path)
        .sort(),
    ).toEqual([...asked].map(([, path]) => path).sort());
  });

  test('has no secret in its files or its environment, and listens to the database past the pooler', () => {
    const { files, environment, secrets, user, writableRoot } = guard(settings, behind);
    expect(Object.keys(files)).toEqual(['guard.json']);
    expect(environment).toEqual({ PORT: '8000', GUARD_CONFIG: '/run/strata/files/guard.json' });
    expect(secrets).toEqual({
      JWT_KEY: { platform: 'jwt-key' },
      REDIS_URL: { redis: 'guard' },
      DATABASE_URL: { database: 'strata_guard' },
      DATABASE_DIRECT_URL: { database: 'strata_guard', direct: true },
    });
    expect([user, writableRoot]).toEqual(['1000:1000', undefined]);
  });

  test.each([
    ['a limit of nothing', { user: { perMinute: 0 } }],
    ['a limit in quotes', { tenant: { perMinute: '60' } }],
    ['an unknown limit', { perHour: 1 }],
    ['a tenant that is none', { tenants: { 'No Tenant': {} } }],
    ['half a limit for one tenant', { tenants: { acme: { user: { perMinute: 5 } } } }],
    ['no tokens', { graphql: { maxTokens: 0 } }],
  ])('is refused with %s', (_what, given) => {
    expect(limits.safeParse(given).success).toBe(false);
  });
});
