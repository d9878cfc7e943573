import { describe, expect, test, vi } from 'vitest';
import { refusals } from '../../components/refusals';
import type { Registered } from '../support/graph';
import { deploy, plainTexts, reached, settingsOf } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const volumes = {
  embedded: 'strata:local:Volume',
  docker: 'strata:docker:Volume',
} as const;
const passwords = {
  embedded: 'strata:secrets:Password',
  docker: 'random:index/randomPassword:RandomPassword',
} as const;

/** Every combination of tier, target and preset that can be deployed so far, and what data and keys it has. */
const combinations = [
  { tier: 'single', target: 'embedded', preset: 'minimal', data: ['database-1'], hosts: [] },
  {
    tier: 'single',
    target: 'docker',
    preset: 'minimal',
    data: ['database-1', 'exports-1', 'pooler-1', 'queue-1'],
    hosts: ['database', 'gateway', 'pooler'],
  },
  {
    tier: 'single',
    target: 'docker',
    preset: 'standard',
    data: ['alerts-1', 'database-1', 'exports-1', 'metrics-1', 'pooler-1', 'queue-1', 'storage-1'],
    hosts: ['database', 'gateway', 'pooler'],
  },
  {
    tier: 'single',
    target: 'docker',
    preset: 'standard',
    monitoring: { logs: true, traces: true },
    data: [
      'alerts-1',
      'database-1',
      'exports-1',
      'logs-1',
      'metrics-1',
      'pooler-1',
      'queue-1',
      'storage-1',
      'traces-1',
    ],
    hosts: ['database', 'gateway', 'pooler'],
  },
] as const;

/** The same on every target, whatever the preset. */
const credentials = [
  'auth-encryption',
  'backup-cipher',
  'backup-key',
  'backup-key-id',
  'database-admin',
  'hasura-admin',
  'jwt-key',
  'login-strata_admin_page',
  'login-strata_app',
  'login-strata_auditor',
  'login-strata_authenticator',
  'login-strata_dispatcher',
  'login-strata_guard',
  'login-strata_hasura',
  'login-strata_migrator',
  'login-strata_monitor',
  'login-strata_oauth',
  'login-strata_pooler',
  'login-strata_realtime',
  'login-strata_sessions',
  'meta-crypto',
  'oauth-key',
  'operator',
  'pooler-console',
  'redis-app',
  'redis-functions',
  'redis-guard',
  'redis-monitor',
  'redis-oauth',
  'redis-realtime',
  'redis-storage',
  'redis-tenants',
  'storage-admin',
  'storage-master',
  'storage-rpc',
  'supabase-storage-key',
  'supabase-storage-key-id',
  'tenant-logins',
  'vendor-gotrue',
  'vendor-hasura',
  'vendor-hasura-auth',
  'vendor-supabase-storage',
];

const certificateType = 'strata:tls:Certificate';
const kept = [
  ...Object.values(volumes),
  ...Object.values(passwords),
  'strata:tls:Authority',
  'strata:database:Tenant',
];

const secret = /password-of-|key-of-|:\/\/[^/@\s]*:[^@\s]*@/;

function ofType(all: readonly Registered[], ...types: readonly string[]): Registered[] {
  return all.filter(({ type }) => types.includes(type));
}

describe.each(combinations)('$tier on $target, $preset, monitoring $monitoring', (combination) => {
  const { data, hosts, ...config } = combination;
  const { target } = config;

  describe.each([true, false])('with unknowns: %s', (preview) => {
    test('every resource has a parent and a name of its own', async () => {
      const all = await deploy(config, preview);
      const [platform, ...others] = all;
      expect(platform?.type).toBe('strata:index:Platform');
      expect(others.filter(({ parent }) => !parent)).toEqual([]);
      expect(new Set(all.map(({ urn }) => urn)).size).toBe(all.length);
    });

    test('data and credentials are protected and name neither tier nor target nor server', async () => {
      const holding = ofType(await deploy(config, preview), ...kept);
      expect(holding.filter(({ protect }) => !protect).map(({ name }) => name)).toEqual([]);
      for (const { urn } of holding) {
        const [, , types = '', name = ''] = urn.split('::');
        const parents = types.split('$').slice(0, -1).join('$');
        // The mocks write the nearest parent only; the engine's own URNs are compared in test/engine.
        expect(parents).toMatch(/^strata:(index:Platform|data:Schema)$/);
        expect(name).not.toMatch(/single|split|balanced|embedded|docker|aws|kubernetes|server/);
      }
    });

    test('volumes, certificates and credentials are exactly those of the first release', async () => {
      const all = await deploy(config, preview);
      const types = [volumes[target], passwords[target], 'strata:tls:Authority', certificateType];
      const under = 'urn:pulumi:test::strata::strata:index:Platform$';
      expect(
        ofType(all, ...types)
          .map(({ urn }) => urn)
          .sort(),
      ).toEqual(
        [
          ...data.map((name) => `${under}${volumes[target]}::${name}`),
          ...credentials.map((name) => `${under}${passwords[target]}::${name}`),
          ...(hosts.length > 0 ? [`${under}strata:tls:Authority::authority`] : []),
          ...hosts.map((host) => `${under}${certificateType}::certificate-${host}`),
        ].sort(),
      );
    });

    test('no password, key or connection URL is a plain input', async () => {
      for (const { inputs, name } of await deploy(config, preview)) {
        expect(
          plainTexts(inputs).filter((text) => secret.test(text)),
          name,
        ).toEqual([]);
      }
    });

    test('services wait for every fence, and fences for every migration', async () => {
      const all = await deploy(config, preview);
      const graphql = all.find(({ name }) => name === 'graphql' || name === 'graphql-1');
      const waits = graphql ? reached(all, graphql) : new Set();
      const fences = ofType(all, 'strata:tenancy:Table');
      const migrations = ofType(all, 'strata:database:Migration');
      expect(fences.length).toBeGreaterThan(0);
      expect(migrations.length).toBeGreaterThan(0);
      for (const fence of fences) {
        expect(waits).toContain(fence.urn);
        for (const migration of migrations) expect(reached(all, fence)).toContain(migration.urn);
      }
    });
  });
});

describe('a custom service', () => {
  test('is one process with its command, port and health path', async () => {
    const customServices = {
      api: { command: ['node', 'api.js'], port: 19001, health: '/ready', env: { MODE: 'test' } },
      worker: { command: ['node', 'worker.js'] },
      setup: { command: ['node', 'setup.js'], job: true },
    };
    const all = await deploy({ customServices }, false);
    const api = all.find(({ name }) => name === 'api');
    expect(api?.type).toBe('strata:local:Process');
    expect(api?.inputs).toMatchObject({
      command: ['node', 'api.js'],
      port: 19001,
      health: { http: 'http://127.0.0.1:19001/ready' },
      environment: { MODE: 'test', PORT: '19001' },
    });
    expect(all.find(({ name }) => name === 'worker')?.inputs.health).toBeUndefined();
    expect(all.find(({ name }) => name === 'setup')?.type).toBe('strata:local:Job');
  });
});

describe('what the target or a service does not take', () => {
  test('is refused by name, all of it at once', () => {
    const settings = settingsOf({
      services: {
        graphql: {
          image: 'graphql:1',
          resources: { memory: '1G' },
          env: {
            PORT: '1',
            HOST: '0.0.0.0',
            NODE_OPTIONS: '--inspect',
            JWT_KEY_FILE: '/etc/x',
            DEBUG: 'x',
          },
        },
      },
      customServices: { api: { command: ['x'], image: 'api:1', replicas: 3, port: 19001 } },
    });
    expect(refusals(settings).map(({ key }) => key)).toEqual([
      'strata:services.graphql.image',
      'strata:services.graphql.resources',
      'strata:customServices.api.image',
      'strata:customServices.api.replicas',
      'strata:services.graphql.env.PORT',
      'strata:services.graphql.env.HOST',
      'strata:services.graphql.env.NODE_OPTIONS',
      'strata:services.graphql.env.JWT_KEY_FILE',
    ]);
  });

  test('is nothing in the settings that are shipped', () => {
    expect(refusals(settingsOf({}))).toEqual([]);
  });
});
