import { describe, expect, test } from 'vitest';
import { admin, adminConfig } from '../../components/services/admin';
import { aboutService } from '../../components/services/admin-words';
import { deployed } from '../../components/services/catalogue';
import { gatewayConfig } from '../../components/services/gateway/config';
import { containerLayout } from '../../components/services/gateway/input';
import { html, type Html } from '../../components/services/images/admin/html';
import { readConfig } from '../../components/services/images/admin/config';
import { isAway } from '../../components/services/images/admin/database';
import { moment, size } from '../../components/services/images/admin/words';
import { mailpit } from '../../components/services/mailpit';
import { pgadmin } from '../../components/services/pgadmin';
import type { Workload } from '../../components/services/service';
import { settingsSchema } from '../../components/settings/schema';
import { gatewayInput, service } from '../support/gateway/platform';

const settings = settingsSchema.parse({
  domain: 'example.org',
  target: 'docker',
  preset: 'standard',
});

const worker: Workload = { ...service('worker', 1), routes: {}, replicas: 3 };
delete (worker as { port?: number }).port;

const behind: Workload[] = [
  {
    ...service('graphql', 4000, { graphql: { path: '/graphql', access: 'graphql' } }),
    health: '/healthz',
    replicas: 2,
  },
  service('redis', 6379),
  worker,
  service('grafana', 3000, { grafana: { path: '/operator/grafana/', access: 'operator' } }),
  service('hidden', 80, { it: { path: '/', subdomain: 'hidden', access: 'operator' } }),
  service('pgadmin', 5050, { pgadmin: { path: '/pgadmin/', access: 'operator' } }),
];

describe('the service admin', () => {
  test('is for operators alone, and gets their login', () => {
    const { routes, secrets, environment, user, resources } = admin(settings, behind);
    expect(routes).toEqual({
      admin: { path: '/admin/', access: 'operator', maxBody: '1K', passLogin: true },
    });
    expect({ secrets, environment, user, resources }).toEqual({
      secrets: {
        DATABASE_URL: { database: 'strata_admin_page', direct: true },
        OPERATOR: { platform: 'operator' },
      },
      environment: { PORT: '8060', ADMIN_CONFIG: '/run/strata/files/admin.json' },
      user: '1000:1000',
      resources: { memory: '256M' },
    });
  });

  test('tells its program what is deployed, and the program reads it', () => {
    const text = admin(settings, behind).files['admin.json'] as string;
    expect(readConfig(text)).toEqual(adminConfig(settings, behind));
    expect(adminConfig(settings, behind)).toEqual({
      hosts: ['example.org', 'api.example.org'],
      requestsPerMinute: settings.limits.tenant.perMinute,
      services: [
        {
          name: 'graphql',
          about: 'The GraphQL API',
          replicas: 2,
          check: { kind: 'http', url: 'http://graphql:4000/healthz' },
        },
        {
          name: 'redis',
          about: 'Counters, queues and short memory',
          replicas: 1,
          check: { kind: 'port', host: 'redis', port: 6379 },
        },
        { name: 'worker', about: 'A service of your own', replicas: 3, check: { kind: 'none' } },
        {
          name: 'grafana',
          about: 'Dashboards',
          replicas: 1,
          check: { kind: 'port', host: 'grafana', port: 3000 },
          page: '/operator/grafana/',
        },
        {
          name: 'hidden',
          about: 'A service of your own',
          replicas: 1,
          check: { kind: 'port', host: 'hidden', port: 80 },
        },
        {
          name: 'pgadmin',
          about: 'Administration of the database',
          replicas: 1,
          check: { kind: 'port', host: 'pgadmin', port: 5050 },
          page: '/pgadmin/',
        },
      ],
      dashboards: [
        {
          name: 'grafana',
          path: '/operator/grafana/',
          about: 'Dashboards of the platform, and logs and traces where they are collected.',
        },
      ],
      databaseTools: [
        {
          name: 'pgadmin',
          path: '/pgadmin/',
          about: 'Queries and the whole catalogue, as the role strata_auditor.',
        },
      ],
    });
  });

  test('knows in words each service that a preset starts', () => {
    const { services } = deployed({
      settings,
      tenancy: { declaration: { tables: {} } } as never,
      functions: [],
    });
    const unknown = services
      .filter(({ kind, name }) => kind === 'workload' && aboutService[name] === undefined)
      .map(({ name }) => name);
    expect(unknown).toEqual([]);
  });
});

describe('its program refuses a config', () => {
  const good = adminConfig(settings, behind);
  test.each([
    [
      'with a page of another origin',
      { dashboards: [{ name: 'x', about: '', path: '//evil.example/' }] },
    ],
    [
      'with a page that is a script',
      { dashboards: [{ name: 'x', about: '', path: 'javascript:alert(1)' }] },
    ],
    [
      'with a page by a backslash',
      { dashboards: [{ name: 'x', about: '', path: '/\\evil.example' }] },
    ],
    [
      'with a check of a file',
      {
        services: [
          { name: 'x', about: '', replicas: 1, check: { kind: 'http', url: 'file:///etc/passwd' } },
        ],
      },
    ],
    ['without a host', { hosts: [] }],
    ['with what it does not know', { extra: true }],
  ])('%s', (_what, changes) => {
    expect(() => readConfig(JSON.stringify({ ...good, ...changes }))).toThrow();
  });
});

describe('a template', () => {
  test('escapes whatever stands in it', () => {
    const name = `<b>&"'</b>`;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;">&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;</p>',
    );
  });

  test('takes HTML, lists and nothing as what they are', () => {
    const rows = ['<', '>'].map((one) => html`<i>${one}</i>`);
    expect(html`${rows}${undefined}${null}${false}${0}${''}`.text).toBe('<i>&lt;</i><i>&gt;</i>0');
  });

  test('with an attribute without quotes is an error', () => {
    expect(() => html`<p title=${'x'}></p>`).toThrow('an attribute without quotes');
    expect(() => html`<p title=${'x onclick=alert(1)'}></p>`).toThrow();
  });

  test('does not take for HTML what only looks like it', () => {
    const forged: unknown = { text: '<script>' };
    expect(() => html`${forged as Html}`).toThrow();
  });
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KB'],
  [10 * 1024 ** 2, '10 MB'],
  [1.5 * 1024 ** 3, '1.5 GB'],
  [5 * 1024 ** 5, '5120 TB'],
])('%d bytes are %s', (bytes, said) => {
  expect(size(bytes)).toBe(said);
});

test('a moment is shown to the second', () => {
  expect(moment('2026-11-22 05:00:00.123456+00')).toBe('2026-11-22 05:00:00');
});

test.each([
  [{ code: 'ECONNREFUSED', message: '' }, true],
  [{ code: '57P01', message: 'terminating connection' }, true],
  [{ code: '57014', message: 'canceling statement due to statement timeout' }, true],
  [{ code: '53300', message: 'too many connections' }, true],
  [{ code: '28P01', message: 'password authentication failed' }, true],
  [{ message: 'Query read timeout' }, true],
  [{ message: 'timeout exceeded when trying to connect' }, true],
  [{ code: '42501', message: 'permission denied' }, false],
  [{ code: '42883', message: 'function does not exist' }, false],
  [{ message: 'Cannot read properties of undefined' }, false],
])('%j is the database being away: %s', (error, away) => {
  expect(isAway(Object.assign(new Error(error.message), error))).toBe(away);
});

describe('the gateway', () => {
  const input = gatewayInput();
  const route = (passLogin: boolean) =>
    service('console', 80, { console: { path: '/console/', access: 'operator', passLogin } });

  test('passes the operators’ login on where a route says so, and nowhere else', () => {
    const sites = (passLogin: boolean) =>
      gatewayConfig(input, [route(passLogin)], containerLayout())['sites.conf'] as string;
    expect(sites(true)).toContain('set $passed_login $http_authorization;');
    expect(sites(false)).not.toContain('passed_login');
    expect(gatewayConfig(input, [], containerLayout())['access-operator.conf']).toContain(
      'proxy_set_header Authorization $passed_login;',
    );
  });
});

describe('the catcher of mail', () => {
  test('has a name to which clients made with Go log in without TLS, and shows mail to operators alone', () => {
    const { name, routes, environment, files, scratch, volumes } = mailpit(settings);
    expect({ name, routes, scratch, volumes }).toEqual({
      name: 'mailhog',
      routes: {
        mail: {
          path: '/mail/',
          access: 'operator',
          websocket: true,
          passLogin: true,
          maxBody: '6M',
        },
      },
      scratch: ['/tmp'],
      volumes: undefined,
    });
    expect(environment).toMatchObject({
      MP_WEBROOT: '/mail',
      MP_UI_AUTH_FILE: '/run/strata/files/operators',
      MP_API_CORS: 'https://example.org',
    });
    expect(files.operators).toEqual({
      template: 'operator:{{OPERATOR}}\n',
      secrets: { OPERATOR: { platform: 'operator' } },
    });
  });
});

describe('pgAdmin', () => {
  const { environment, files, capabilities, user, health, published, routes } = pgadmin(settings);

  test('is reached by the gateway alone, at a path that it knows', () => {
    expect({
      health,
      published,
      path: routes.pgadmin?.path,
      access: routes.pgadmin?.access,
    }).toEqual({
      health: '/pgadmin/misc/ping',
      published: undefined,
      path: '/pgadmin/',
      access: 'operator',
    });
    expect(environment.SCRIPT_NAME).toBe('/pgadmin');
  });

  test('keeps the one capability without which Python does not start', () => {
    expect([capabilities, user]).toEqual([['NET_BIND_SERVICE'], '5050:0']);
  });

  test('has the database as the auditor, verified, and no password in a file of settings', () => {
    const { Servers } = JSON.parse(files['servers.json'] as string) as { Servers: object };
    expect(Servers).toEqual({
      1: {
        Name: 'Strata',
        Group: 'Servers',
        Host: 'database',
        Port: 5432,
        MaintenanceDB: 'strata',
        Username: 'strata_auditor',
        ConnectionParameters: { sslmode: 'verify-full', passfile: '/.pgpass', connect_timeout: 10 },
      },
    });
    expect(environment.PGSSLROOTCERT).toBe('/run/strata/secrets/AUTHORITY');
    expect(files.pgpass).toEqual({
      template: 'database:5432:*:strata_auditor:{{PASSWORD}}\n',
      secrets: { PASSWORD: { passwordOf: 'strata_auditor' } },
    });
  });
});
