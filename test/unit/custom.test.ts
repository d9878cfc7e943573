import { describe, expect, test } from 'vitest';
import { noTables } from '../../components/plan';
import { behindGateway } from '../../components/services/catalogue';
import { custom } from '../../components/services/custom';
import { customService, type CustomServiceInput } from '../../components/settings/custom';
import { parseSettings } from '../../components/settings/read';

const image = 'registry.example.org/shop:1';

function made(given: CustomServiceInput) {
  return custom('shop', customService.parse(given));
}

const hardened = {
  files: {},
  scratch: ['/tmp'],
  user: '1000:1000',
  writableRoot: false,
  resources: { memory: '512M' },
  needs: ['database'],
};

describe('a custom service becomes', () => {
  test('a workload that nobody reaches from outside when it has an image and nothing else', () => {
    expect(made({ image })).toEqual({
      ...hardened,
      kind: 'workload',
      name: 'shop',
      image,
      environment: {},
      secrets: {},
      readsSchema: false,
      routes: {},
      replicas: 1,
    });
  });

  test('all that it can be', () => {
    expect(
      made({
        build: { context: './app/services/shop', dockerfile: 'Dockerfile.prod' },
        command: ['serve', '--quiet'],
        port: 8001,
        publish: 9001,
        route: {
          path: '/shop/',
          subdomain: 'shop',
          access: 'public',
          upstreamPath: '/',
          websocket: true,
          maxBody: '20M',
          cacheSeconds: 60,
          timeoutSeconds: 90,
        },
        env: { LEVEL: 'debug' },
        secrets: { STRIPE_KEY: 'stripe-key' },
        database: true,
        redis: true,
        verifiesTokens: true,
        health: '/healthz',
        resources: { cpus: 0.5, memory: '256M' },
        needs: ['graphql'],
        user: '65532:65532',
        writableRoot: true,
      }),
    ).toEqual({
      kind: 'workload',
      name: 'shop',
      build: { context: './app/services/shop', dockerfile: 'Dockerfile.prod' },
      command: ['serve', '--quiet'],
      port: 8001,
      published: { 9001: 8001 },
      routes: {
        shop: {
          path: '/shop/',
          subdomain: 'shop',
          access: 'public',
          upstreamPath: '/',
          websocket: true,
          maxBody: '20M',
          cacheSeconds: 60,
          timeoutSeconds: 90,
        },
      },
      environment: {
        LEVEL: 'debug',
        PORT: '8001',
        JWT_ISSUER: 'strata',
        JWT_AUDIENCE: 'strata',
      },
      secrets: {
        STRIPE_KEY: { config: 'stripe-key' },
        DATABASE_URL: { database: 'strata_app' },
        REDIS_URL: { redis: 'app' },
        JWT_KEY: { platform: 'jwt-key' },
      },
      health: '/healthz',
      resources: { cpus: 0.5, memory: '256M' },
      files: {},
      scratch: ['/tmp'],
      needs: ['database', 'redis', 'graphql'],
      user: '65532:65532',
      writableRoot: true,
      readsSchema: false,
      replicas: 1,
    });
  });

  test('a route for holders of a token alone unless it says otherwise', () => {
    expect(made({ image, port: 80, route: { path: '/shop' } })).toMatchObject({
      routes: { shop: { path: '/shop', access: 'token', websocket: false } },
    });
  });

  test('a whole subdomain', () => {
    expect(made({ image, port: 80, route: { subdomain: 'shop' } })).toMatchObject({
      routes: { shop: { path: '/', subdomain: 'shop', access: 'token' } },
    });
  });

  test('a program of this machine', () => {
    const given = { command: ['node', 'server.mjs'], workdir: './shop', port: 8001 };
    expect(made(given)).toMatchObject({ ...given, environment: { PORT: '8001' }, routes: {} });
  });

  test('a job', () => {
    expect(made({ image, job: true, database: true, command: ['seed'] })).toEqual({
      ...hardened,
      kind: 'job',
      name: 'shop',
      image,
      command: ['seed'],
      environment: {},
      secrets: { DATABASE_URL: { database: 'strata_app' } },
      timeoutSeconds: 600,
    });
  });

  test('a service with a command that tells its health', () => {
    expect(made({ image, healthCommand: ['check'] })).toMatchObject({ healthCommand: ['check'] });
  });
});

describe('a custom service that uses the database', () => {
  const needs = (target: string, given: CustomServiceInput) => {
    const customServices = JSON.stringify({ shop: { database: true, ...given } });
    const settings = parseSettings({
      'strata:target': target,
      'strata:customServices': customServices,
    });
    const services = behindGateway({ settings, tenancy: noTables, functions: [] });
    return services.find(({ name }) => name === 'shop')?.needs;
  };

  test('waits for the pooler where there is one, a job too', () => {
    expect(needs('docker', { image })).toEqual(['database', 'pooler']);
    expect(needs('docker', { image, job: true, needs: ['pooler'] })).toEqual([
      'database',
      'pooler',
    ]);
    expect(needs('docker', { image, database: false })).toEqual(['database']);
    expect(needs('embedded', { command: ['x'] })).toEqual(['database']);
  });
});
