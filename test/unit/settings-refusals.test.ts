import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readApplication } from '../../components/plan';
import { refusals } from '../../components/refusals';
import { deployed } from '../../components/services/catalogue';
import { SettingsError, type Problem } from '../../components/settings/errors';
import { reservedServiceNames } from '../../components/settings/names';
import { parseSettings } from '../../components/settings/read';

/** Everything that a deployment of this config is refused for. */
function problems(config: Record<string, unknown>): readonly Problem[] {
  const raw = Object.entries(config).map(([name, value]): [string, string] => [
    `strata:${name}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  try {
    parseSettings(Object.fromEntries(raw), ['strata:secrets'], refusals);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

/** Key and reason of each. */
function said(config: Record<string, unknown>): string[] {
  return problems(config).map(({ key, reason }) => `${key} ${reason}`);
}

const standard = { target: 'docker', preset: 'standard' };
const image = 'registry.example.org/shop:1';
const shop = { image, port: 8001 };

describe('on target docker', () => {
  test.each([standard, { target: 'docker' }])('%o is not refused', (config) => {
    expect(said(config)).toEqual([]);
  });

  test('memory that cannot hold the connections is refused with what would', () => {
    expect(problems({ ...standard, database: { memory: '512M', pools: { app: 400 } } })).toEqual([
      {
        key: 'strata:database.memory',
        reason: expect.stringMatching(
          /^cannot hold \d+ connections \(435 of the pools, /,
        ) as string,
        received: '512M',
        allowed: expect.stringMatching(/^at least \d+M for these pools$/) as string,
        advice: 'Give it more memory, or make strata:database.pools smaller.',
      },
    ]);
  });

  test('one route belongs to one service, those of Strata among them', () => {
    const customServices = {
      a: { ...shop, route: { path: '/shop/' } },
      b: { ...shop, route: { path: '/shop/' } },
      c: { ...shop, route: { path: '/graphql' } },
      d: { ...shop, route: { path: '/storage/' } },
      e: { ...shop, route: { subdomain: 'cdn' } },
      f: { ...shop, route: { path: '/shop/', subdomain: 'www' } },
      g: { ...shop, route: { path: '/functions/' } },
    };
    expect(said({ ...standard, customServices })).toEqual([
      'service b claims the route /shop/, which service a claims too',
      'service c claims the route /graphql, which service graphql claims too',
      'service d claims the route /storage/, which service storage claims too',
      'service e claims the route / of subdomain cdn, which service storage claims too',
      'service g claims the route /functions/, which service functions claims too',
    ]);
  });

  test('a host of a tenant, of the API and a path of the gateway belong to no service', () => {
    const tenancy = { tenants: { acme: { members: { ann: 'admin' } } } };
    const customServices = {
      a: { ...shop, route: { subdomain: 'acme' } },
      b: { ...shop, route: { subdomain: 'api' } },
      c: { ...shop, route: { path: '/_strata/check' } },
      d: { ...shop, route: { path: '/t/acme/' } },
    };
    expect(said({ ...standard, tenancy, customServices })).toEqual([
      'service b has a route that the gateway cannot serve: its subdomain',
      'service c has a route that the gateway cannot serve: its path',
      'service d has a route that the gateway cannot serve: its path',
      'service a takes the host of the tenant acme',
    ]);
  });

  test('an extension whose work is done elsewhere is refused with where, and one nobody knows with what there is', () => {
    const database = { extensions: ['postgis', 'pg_net', 'pgjwt', 'pg_cron'] };
    const found = problems({ ...standard, database });
    expect(found.map(({ key, reason, advice }) => [key, reason, advice])).toEqual([
      [
        'strata:database.extensions[1]',
        'names pg_net, which the image does not have',
        expect.stringContaining('docs/functions.md'),
      ],
      [
        'strata:database.extensions[2]',
        'names pgjwt, which the image does not have',
        expect.stringContaining('pgcrypto has hmac'),
      ],
      ['strata:database.extensions[3]', expect.stringMatching(/./), undefined],
    ]);
    expect(found[2]?.allowed).toBe('btree_gist, citext, pg_trgm, postgis or unaccent');
  });

  test('one port of the host belongs to one', () => {
    const config = {
      ...standard,
      gateway: { ports: { http: 8080, https: 25432, services: { gateway: 9000 } } },
      customServices: { a: { ...shop, publish: 8080 }, b: { ...shop, publish: 9000 } },
    };
    const more = { ...config.customServices, c: { ...shop, publish: 9000 }, d: shop };
    expect(said({ ...config, customServices: more })).toEqual([
      'strata:docker.databasePort is the port of strata:gateway.ports.https too',
      'strata:customServices.a.publish is the port of strata:gateway.ports.http too',
      'strata:customServices.b.publish is the port of strata:gateway.ports.services.gateway too',
      'strata:customServices.c.publish is the port of strata:gateway.ports.services.gateway too',
    ]);
  });

  test('ports inside containers may be the same', () => {
    expect(said({ ...standard, customServices: { a: shop, b: shop } })).toEqual([]);
  });

  test('what is needed is there: a service that is left out is not', () => {
    const customServices = {
      a: { ...shop, needs: ['storage', 'pooler', 'prometheus'] },
      b: { ...shop, needs: ['gateway'] },
    };
    const services = { storage: { enabled: false } };
    expect(said({ ...standard, services, customServices })).toEqual([
      'strata:customServices.a.needs[0] names a service that it cannot wait for',
      'strata:customServices.b.needs[0] names a service that it cannot wait for',
    ]);
  });

  test('a storage that cannot keep tenants apart is refused for good, with what there is instead', () => {
    const services = { 'hasura-storage': { enabled: true } };
    expect(problems({ ...standard, services })).toEqual([
      expect.objectContaining({
        key: 'strata:services.hasura-storage',
        reason: expect.stringContaining("nothing but Hasura's permissions") as string,
        advice: expect.stringContaining('strata:services.storage.enabled: true') as string,
      }),
    ]);
  });

  test('a search of uploads is not asked of a storage that does none', () => {
    const storage = { scan: 'clamav' };
    expect(said({ ...standard, storage })).toEqual([]);
    const services = { storage: { enabled: false }, 'supabase-storage': { enabled: true } };
    expect(said({ ...standard, services })).toEqual([]);
    expect(said({ ...standard, storage, services })).toEqual([
      'strata:storage.scan cannot be had with supabase-storage, which searches no upload',
    ]);
  });

  test('what may be needed is told, each once', () => {
    const services = { storage: { enabled: false }, functions: { enabled: false } };
    const off = { monitoring: { enabled: false }, backup: { enabled: false } };
    const customServices = { a: { ...shop, needs: ['nowhere'] }, b: shop };
    const found = problems({ ...standard, services: { ...services, ...off }, customServices });
    expect(found.map(({ allowed }) => allowed)).toEqual([
      'database, pooler-registry, pooler, redis, tenants, graphql, guard or b',
    ]);
  });

  test('no custom service can have the name of one that Strata may start', () => {
    const tls = { mode: 'acme', email: 'ops@example.org' };
    const monitoring = { dashboards: true, logs: true, traces: true };
    const settings = parseSettings({
      'strata:target': 'docker',
      'strata:preset': 'standard',
      'strata:gateway': JSON.stringify({ tls }),
      'strata:monitoring': JSON.stringify(monitoring),
      'strata:storage': JSON.stringify({ scan: 'clamav' }),
    });
    const { database, services } = deployed(readApplication(settings).application);
    const taken = [database, ...services].map(({ name }) => name);
    expect(taken.filter((name) => !reservedServiceNames.includes(name))).toEqual([]);
    expect(taken.length).toBeGreaterThan(20);
  });

  test('of groups of services nothing but whether they run can be said', () => {
    const services = { monitoring: { enabled: true, replicas: 2 }, backup: { image: 'x:1' } };
    expect(said({ ...standard, services })).toEqual([
      'strata:services.monitoring.replicas cannot be chosen: of monitoring only "enabled" can',
      'strata:services.backup.image cannot be chosen: of backup only "enabled" can',
    ]);
  });

  test('of the guard nothing but how many there are, and what each may use, can be said', () => {
    const guard = { replicas: 2, resources: { memory: '1G' } };
    expect(said({ ...standard, services: { guard } })).toEqual([]);
    const other = { ...guard, enabled: false, image: 'x:1', env: { A: 'b' } };
    expect(said({ ...standard, services: { guard: other } })).toEqual([
      'strata:services.guard.enabled cannot be chosen: of guard only "replicas" and "resources" can',
      'strata:services.guard.image cannot be chosen: of guard only "replicas" and "resources" can',
      'strata:services.guard.env cannot be chosen: of guard only "replicas" and "resources" can',
    ]);
  });

  test('everything is said at once', () => {
    const config = {
      ...standard,
      domain: 'https://example.org',
      database: { memory: '64M' },
      gateway: { static: { '/app/': { folder: './nowhere' } } },
      storage: { store: 's3', s3: { bucket: 'files', accessKey: 'a', secretKey: 'b' } },
      customServices: {
        a: { build: { context: './nowhere' }, needs: ['b'] },
        b: { command: ['x'], workdir: '/', needs: ['a'] },
        c: { ...shop, route: { path: '/app/' }, secrets: { KEY: 'c' } },
      },
    };
    expect(problems(config).map(({ key }) => key)).toEqual([
      'strata:domain',
      'strata:customServices.a.build.context',
      'strata:customServices.b',
      'strata:customServices.b.workdir',
      'strata:database.memory',
      'strata:gateway.static["/app/"]',
      'strata:gateway.static["/app/"]',
      'strata:customServices.c.secrets.KEY',
      'strata:storage.s3.accessKey',
      'strata:storage.s3.secretKey',
      'strata:customServices.a.needs',
      'strata:customServices.b.needs',
    ]);
  });
});

describe('the folder of the application', () => {
  let app: string;
  beforeEach(() => {
    app = mkdtempSync(path.join(os.tmpdir(), 'strata-app-'));
    mkdirSync(path.join(app, 'functions'));
    const declaration = path.join(process.cwd(), 'components/tenancy/declaration');
    writeFileSync(
      path.join(app, 'tenancy.ts'),
      `import { declareTenancy } from '${declaration}';\nexport default declareTenancy({ tables: {} });\n`,
    );
  });
  afterEach(() => {
    rmSync(app, { recursive: true });
  });

  const functions = () => writeFileSync(path.join(app, 'functions', 'Zählen.ts'), 'export {');
  const customServices = { a: { ...shop, needs: ['functions', 'nowhere'] } };

  test('may have no functions', () => {
    expect(said({ ...standard, app })).toEqual([]);
  });

  test('is refused for a function that cannot be deployed, and nothing that follows from it', () => {
    functions();
    const found = said({ ...standard, app, customServices });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^strata:app holds a function that cannot be deployed: .*Zählen\.ts$/);
  });

  test('may hold what it likes where functions are not deployed', () => {
    functions();
    expect(said({ ...standard, app, services: { functions: { enabled: false } } })).toEqual([]);
    expect(said({ app })).toEqual([]);
  });

  test('is refused once for a declaration that cannot be read, and once when there is none', () => {
    writeFileSync(path.join(app, 'tenancy.ts'), 'export default {');
    expect(said({ ...standard, app, customServices })).toEqual([
      'strata:app holds tables or migrations that cannot be read',
    ]);
    rmSync(path.join(app, 'tenancy.ts'));
    expect(said({ ...standard, app, customServices })).toEqual([
      'strata:app names a folder without tenancy.ts, the declaration of its tables',
    ]);
  });
});
