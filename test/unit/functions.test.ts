import { describe, expect, test } from 'vitest';
import {
  eventTriggers,
  withEvents,
  type DeclaredFunction,
} from '../../components/services/declared-functions';
import { functions } from '../../components/services/functions';
import { functions as schema } from '../../components/settings/functions';

const settings = schema.parse({});
const file = (name: string) => `app/functions/${name}.ts`;

const report: DeclaredFunction = { name: 'report', file: file('report'), kind: 'http' };
const hook: DeclaredFunction = { name: 'hook', file: file('hook'), kind: 'publicHttp' };
const noted: DeclaredFunction = {
  name: 'note-written',
  file: file('note-written'),
  kind: 'event',
  table: 'app.notes',
  operations: ['update', 'insert'],
};
const nightly: DeclaredFunction = {
  name: 'nightly',
  file: file('nightly'),
  kind: 'cron',
  pattern: '0 6 * * *',
};

describe('what runs', () => {
  test('is nothing without functions', () => {
    expect(functions(settings, [])).toEqual([]);
  });

  test('is one workload for callers and one for events, the clock and queues', () => {
    const [http, worker, ...others] = functions(settings, [report, noted, nightly]);
    expect(others).toEqual([]);
    expect(http).toEqual({
      kind: 'workload',
      name: 'functions',
      program: {
        entries: {
          'server.cjs': 'components/services/images/functions/server.ts',
          'functions/report.cjs': 'app/functions/report.ts',
        },
      },
      command: ['node', '--max-old-space-size=384', '{program}/server.cjs'],
      environment: {
        PORT: '3000',
        TIMEOUT_SECONDS: '30',
        ATTEMPTS: '10',
        TENANT_POOLS: '10',
        POOLED: 'true',
        FUNCTION_SECRETS: '',
        JWT_ISSUER: 'strata',
        JWT_AUDIENCE: 'strata',
        BODY_BYTES: '1048576',
      },
      secrets: {
        DATABASE_URL: { database: 'strata_app' },
        REDIS_URL: { redis: 'functions' },
        TENANT_LOGINS: { platform: 'tenant-logins' },
        JWT_KEY: { platform: 'jwt-key' },
      },
      files: {},
      resources: { memory: '512M' },
      needs: ['pooler', 'redis'],
      user: '1000:1000',
      port: 3000,
      health: '/healthz',
      metrics: { port: 3000, path: '/metrics' },
      readsSchema: false,
      stopGraceSeconds: 40,
      routes: {
        functions: { path: '/functions/', access: 'token', maxBody: '1M', timeoutSeconds: 35 },
      },
      replicas: 1,
    });
    expect(worker).toMatchObject({
      name: 'functions-worker',
      program: {
        entries: {
          'worker.cjs': 'components/services/images/functions/worker.ts',
          'functions/nightly.cjs': 'app/functions/nightly.ts',
          'functions/note-written.cjs': 'app/functions/note-written.ts',
        },
      },
      secrets: { OUTBOX_URL: { database: 'strata_dispatcher', direct: true } },
      needs: ['database', 'pooler', 'redis'],
      routes: {},
    });
  });

  test('is not what has no functions', () => {
    const names = (declared: DeclaredFunction[]) =>
      functions(settings, declared).map(({ name }) => name);
    expect([names([report]), names([noted])]).toEqual([['functions'], ['functions-worker']]);
  });

  test('does not change for callers when an event’s function changes', () => {
    const before = functions(settings, [report, noted]);
    const after = functions(settings, [report, { ...noted, operations: ['delete'] }, nightly]);
    expect(after[0]).toEqual(before[0]);
  });

  test('lets nobody without a token in, but to the paths of public functions', () => {
    const [http] = functions(settings, [hook, report]);
    const access = Object.values(http?.routes ?? {}).map((route) => [route.path, route.access]);
    expect(access).toEqual([
      ['/functions/', 'token'],
      ['/functions/hook', 'public'],
    ]);
  });

  test('is given the secrets that the settings name, and told their names', () => {
    const given = schema.parse({ secrets: { SMTP_PASSWORD: 'smtp', API_KEY: 'api' } });
    const [http] = functions(given, [report]);
    expect(http?.environment.FUNCTION_SECRETS).toBe('API_KEY,SMTP_PASSWORD');
    expect(http?.secrets).toMatchObject({
      SMTP_PASSWORD: { config: 'smtp' },
      API_KEY: { config: 'api' },
    });
  });
});

describe('a table’s fence', () => {
  const fence = { table: 'app.notes', policies: {}, grants: {}, triggers: { strata_audit: 'x' } };

  test('has a trigger for each function that waits for its changes, and keeps its own', () => {
    const others = { ...fence, table: 'app.projects' };
    expect(withEvents([fence, others], eventTriggers([report, noted]))).toEqual([
      {
        ...fence,
        triggers: {
          strata_audit: 'x',
          strata_event_note_written:
            "after insert or update on TABLE for each row execute function outbox.record('note-written')",
        },
      },
      others,
    ]);
  });
});

describe('settings', () => {
  test('have defaults', () => {
    expect(settings).toEqual({
      replicas: 1,
      workers: 1,
      memory: '512M',
      timeoutSeconds: 30,
      attempts: 10,
      keepDays: 7,
      secrets: {},
    });
  });

  test.each([
    [{ timeoutSeconds: 0 }],
    [{ timeoutSeconds: 301 }],
    [{ attempts: 1.5 }],
    [{ keepDays: '7' }],
    [{ memory: '512' }],
    [{ secrets: { DATABASE_URL: 'mine' } }],
    [{ secrets: { JWT_KEY: 'mine' } }],
    [{ secrets: { lower: 'mine' } }],
    [{ secrets: { NODE: 'Not A Name' } }],
    [{ unknown: true }],
  ])('refuse %j', (given) => {
    expect(schema.safeParse(given).success).toBe(false);
  });
});
