import { describe, expect, test, vi } from 'vitest';
import { tenantIdOf } from '../../components/services/images/tenants/actions';
import { logger } from '../../components/services/images/tenants/log';
import { file } from '../../components/services/paths';
import { rules } from '../../components/services/storage/service';
import { tenantsWorker } from '../../components/services/tenants';
import { settingsSchema } from '../../components/settings/schema';
import { placeOf } from '../../components/tenancy/places';
import { limitProblems, problemsOf } from '../../provider/tenancy/wanted';

const plan = { migrations: [], declaration: { tables: {} }, events: {}, version: '1' };

/** Beside no storage. */
const alone = {
  kind: 'workload',
  name: 'tenants',
  program: { entries: { 'server.cjs': 'components/services/images/tenants/server.ts' } },
  command: ['node', '--max-old-space-size=192', '{program}/server.cjs'],
  environment: {
    PORT: '3100',
    PLAN: file('plan.json'),
    MODEL: 'schema',
    EXPORTS: '/var/lib/strata/exports',
    JOBS: '2',
    LEASE_SECONDS: '60',
    RETRY_SECONDS: '5',
    STOP_SECONDS: '60',
  },
  secrets: {
    DATABASE_URL: { database: 'strata_migrator', direct: true },
    TENANT_LOGINS: { platform: 'tenant-logins' },
    REDIS_URL: { redis: 'tenants' },
  },
  volumes: { '/var/lib/strata/exports': 'exports' },
  files: { 'plan.json': JSON.stringify(plan) },
  user: '1000:1000',
  resources: { memory: '320M' },
  needs: ['database', 'redis'],
  port: 3100,
  health: '/healthz',
  metrics: { port: 3100, path: '/metrics' },
  readsSchema: false,
  routes: {},
  replicas: 1,
  stopGraceSeconds: 70,
} as const;

describe('the worker of tenants', () => {
  test('holds the migrator past the pooler, and nobody reaches it', () => {
    const settings = settingsSchema.parse({ tenancy: { model: 'schema' } });
    expect(tenantsWorker(settings, plan, { storage: false })).toEqual(alone);
  });

  test('opens the object store where there is one: the platform’s own, or somebody’s S3', () => {
    const own = settingsSchema.parse({ tenancy: { model: 'schema' } });
    expect(tenantsWorker(own, plan, { storage: true })).toEqual({
      ...alone,
      environment: { ...alone.environment, STORAGE_RULES: JSON.stringify(rules(own)) },
      secrets: {
        ...alone.secrets,
        STORAGE_MASTER: { platform: 'storage-master' },
        STORAGE_ADMIN: { platform: 'storage-admin' },
      },
      needs: ['database', 'redis', 'object-store'],
    });
    const s3 = { region: 'eu', bucket: 'files', accessKey: 's3-access', secretKey: 's3-secret' };
    const theirs = settingsSchema.parse({
      tenancy: { model: 'schema' },
      storage: { store: 's3', s3 },
    });
    expect(tenantsWorker(theirs, plan, { storage: true })).toEqual({
      ...alone,
      environment: { ...alone.environment, STORAGE_RULES: JSON.stringify(rules(theirs)) },
      secrets: {
        ...alone.secrets,
        STORAGE_MASTER: { platform: 'storage-master' },
        S3_ACCESS_KEY: { config: 's3-access' },
        S3_SECRET_KEY: { config: 's3-secret' },
      },
    });
    const onAws = tenantsWorker({ ...own, target: 'aws' }, plan, { storage: true });
    expect([onAws.needs, onAws.secrets]).toEqual([
      alone.needs,
      {
        ...alone.secrets,
        STORAGE_MASTER: { platform: 'storage-master' },
        S3_BUCKET: { bucket: 'storage', part: 'name' },
        S3_ACCESS_KEY: { bucket: 'storage', part: 'keyId' },
        S3_SECRET_KEY: { bucket: 'storage', part: 'key' },
      },
    ]);
  });

  test('makes the same tenant of the same job, whose id the tenant’s does not tell', () => {
    const job = '0c8d1c6e-9a52-4c44-8f0a-3b8e8f3d5a11';
    const id = tenantIdOf(job);
    expect(id).toBe(tenantIdOf(job));
    expect(id).not.toBe(tenantIdOf('0c8d1c6e-9a52-4c44-8f0a-3b8e8f3d5a12'));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(placeOf(id, 'database').database).toBe(`t_${id.replaceAll('-', '')}`);
  });

  test('logs no secret, and no password without its URL', () => {
    const written: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const secrets = ['master-secret-of-all', 'postgresql://a:p%40ssword1@host/strata'];
    logger(secrets)('warn', 'said p@ssword1', { reason: `master-secret-of-all, p%40ssword1` });
    spy.mockRestore();
    const [line] = written.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect([line?.message, line?.reason]).toEqual(['said [secret]', '[secret], [secret]']);
  });
});

describe('what is wanted of a tenant', () => {
  test('is right, or told with every reason', () => {
    const wanted = {
      slug: 'acme',
      name: 'Ümläut & Söhne',
      model: 'shared',
      shard: 'main',
      members: [{ user: 'Ann@example.org', role: 'admin' }],
    } as const;
    expect(problemsOf(wanted)).toEqual([]);
    expect(problemsOf({ ...wanted, members: [] })).toEqual([
      'it has no admin, so nobody could manage it',
    ]);
  });

  test.each([
    [{ maxConnections: 1, statementTimeoutMs: 100, storageBytes: 0, requestsPerMinute: 1 }, 0],
    [{ maxConnections: 500, statementTimeoutMs: 3_600_000, requestsPerMinute: 1_000_000 }, 0],
    [{ maxConnections: null }, 0],
    [{ maxConnections: 501, statementTimeoutMs: 99, storageBytes: -1, requestsPerMinute: 0.5 }, 4],
    [{ maxConnections: NaN, storageBytes: Infinity }, 2],
  ])('%j has %i problems', (limits, problems) => {
    expect(limitProblems(limits, 'database')).toHaveLength(problems);
  });
});
