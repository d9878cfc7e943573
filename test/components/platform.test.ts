import { describe, expect, test } from 'vitest';
import { names } from '../../components/data/names';
import { Platform } from '../../components/platform';
import { refusals } from '../../components/refusals';
import { parseSettings } from '../../components/settings/read';
import type { Settings } from '../../components/settings/schema';
import { graph, type Answers, type Registered } from '../support/graph';

const tenants = {
  acme: { members: { ann: 'admin', bob: 'member' } },
  globex: { name: 'Globex', members: { gus: 'admin' } },
};

/** What the strata provider would answer. */
const answers: Answers = {
  'strata:secrets:Password': (name) => ({ result: `password-of-${name}` }),
  'strata:local:Volume': () => ({}),
  'strata:local:Postgres': () => ({
    systemIdentifier: '42',
    version: '18.4',
    running: true,
    address: '127.0.0.1',
  }),
  'strata:local:Process': () => ({ running: true, pid: 1, log: 'log' }),
  'strata:local:Job': () => ({ ranAt: 'now', exitCode: 0 }),
  'strata:database:Migration': () => ({ sha256: 'x', appliedAt: 'now' }),
  'strata:database:Login': () => ({ accepted: true }),
  'strata:database:Tenant': (name) => ({ tenantId: name }),
  'strata:tenancy:Table': () => ({ applied: 'x', live: 'x' }),
};

function parse(config: Record<string, unknown>): Settings {
  const given = { tenancy: { tenants }, ...config };
  const raw = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      `strata:${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  return parseSettings(raw);
}

function deploy(config: Record<string, unknown>, preview: boolean): Promise<Registered[]> {
  const settings = parse(config);
  return graph(() => new Platform(names.platform, settings), answers, preview);
}

/** Every combination of tier, target and preset that can be deployed so far. */
const combinations = [{ tier: 'single', target: 'embedded', preset: 'minimal' }];

const data = ['strata:local:Volume', 'strata:secrets:Password', 'strata:database:Tenant'];
const certificates = ['strata:tls:Authority', 'strata:tls:Certificate'];

describe.each(combinations)('tier $tier on target $target with preset $preset', (combination) => {
  describe.each([true, false])('with unknowns: %s', (preview) => {
    test('every resource has a parent and a name of its own', async () => {
      const all = await deploy(combination, preview);
      const [platform, ...others] = all;
      expect(platform?.type).toBe('strata:index:Platform');
      expect(others.filter(({ parent }) => !parent)).toEqual([]);
      expect(new Set(all.map(({ urn }) => urn)).size).toBe(all.length);
    });

    test('data and credentials are protected and name neither tier nor target nor server', async () => {
      const holding = (await deploy(combination, preview)).filter(({ type }) =>
        data.includes(type),
      );
      expect(holding.filter(({ protect }) => !protect).map(({ name }) => name)).toEqual([]);
      for (const { urn } of holding) {
        const [, , types = '', name = ''] = urn.split('::');
        const parents = types.split('$').slice(0, -1).join('$');
        // The mocks write the nearest parent only; the engine's own URNs are compared in test/engine.
        expect(parents).toMatch(/^strata:(index:Platform|data:Schema)$/);
        expect(name).not.toMatch(/single|split|balanced|embedded|docker|aws|kubernetes|server/);
      }
    });

    test('volume, certificates and credentials are exactly those of the first release', async () => {
      const all = await deploy(combination, preview);
      const kinds = ['strata:local:Volume', 'strata:secrets:Password', ...certificates];
      const urns = all.filter(({ type }) => kinds.includes(type));
      const under = 'urn:pulumi:test::strata::strata:index:Platform$';
      expect(urns.map(({ urn }) => urn).sort()).toEqual([
        `${under}strata:local:Volume::database-1`,
        `${under}strata:secrets:Password::backup-cipher`,
        `${under}strata:secrets:Password::database-admin`,
        `${under}strata:secrets:Password::jwt-key`,
        `${under}strata:secrets:Password::login-strata_app`,
        `${under}strata:secrets:Password::login-strata_auditor`,
        `${under}strata:secrets:Password::login-strata_authenticator`,
        `${under}strata:secrets:Password::login-strata_dispatcher`,
        `${under}strata:secrets:Password::login-strata_guard`,
        `${under}strata:secrets:Password::login-strata_hasura`,
        `${under}strata:secrets:Password::login-strata_migrator`,
        `${under}strata:secrets:Password::login-strata_monitor`,
        `${under}strata:secrets:Password::operator`,
        `${under}strata:secrets:Password::redis-app`,
        `${under}strata:secrets:Password::redis-functions`,
        `${under}strata:secrets:Password::redis-guard`,
        `${under}strata:secrets:Password::redis-monitor`,
        `${under}strata:secrets:Password::redis-storage`,
        `${under}strata:secrets:Password::storage-admin`,
        `${under}strata:secrets:Password::storage-master`,
        `${under}strata:secrets:Password::storage-rpc`,
      ]);
    });

    test('no password, key or connection URL is a plain input', async () => {
      for (const { inputs, name } of await deploy(combination, preview)) {
        expect(
          plainTexts(inputs).filter((text) =>
            /password-of-|postgresql:\/\/[^@]*:[^@]*@/.test(text),
          ),
          name,
        ).toEqual([]);
      }
    });

    test('services wait for every fence, and fences for every migration', async () => {
      const all = await deploy(combination, preview);
      const reached = (from: Registered): Set<string> => {
        const seen = new Set<string>();
        const visit = (urn: string): void => {
          if (seen.has(urn)) return;
          seen.add(urn);
          all.find((resource) => resource.urn === urn)?.dependencies.forEach(visit);
        };
        from.dependencies.forEach(visit);
        return seen;
      };
      const of = (type: string): Registered[] => all.filter((resource) => resource.type === type);
      const [graphql] = of('strata:local:Process');
      const fences = of('strata:tenancy:Table');
      const migrations = of('strata:database:Migration');
      expect(fences.length).toBeGreaterThan(0);
      expect(migrations.length).toBeGreaterThan(0);
      for (const fence of fences) {
        expect(graphql && reached(graphql)).toContain(fence.urn);
        for (const migration of migrations) expect(reached(fence)).toContain(migration.urn);
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
    const settings = parse({
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
    expect(refusals(parse({}))).toEqual([]);
  });
});

/** Every text of an input that is not wrapped as a secret. */
function plainTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  // The signature under which Pulumi serialises a secret.
  if ('4dabf18193072939515e22adb298388d' in value) return [];
  return Object.values(value).flatMap(plainTexts);
}
