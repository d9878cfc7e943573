import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListedService } from '../../components/services/images/admin/config';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { readWorld, type World } from '../sql/support/world';
import { askAdmin, type Answer } from '../support/admin/ask';
import {
  adminConfig,
  operatorLogin,
  startAdmin,
  type AdminProcess,
} from '../support/admin/process';
import { freePort } from '../support/ports';

const hostile = `"><script>alert(1)</script>'&<img src=x onerror=alert(1)>`;

let server: Server;
let admin: Client;
let world: World;
let page: AdminProcess;
let services: Services;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'strata');
  admin = await server.connect('postgres', 'strata');
  world = await readWorld(admin);
  await admin.query(
    `with t as (insert into registry.tenants (slug, name, status, storage_bytes, requests_per_minute)
         values ('initech', $1, 'suspended', 2048, 7) returning id),
       u as (insert into registry.users (handle) values ($1) returning id),
       m as (insert into registry.members select t.id, u.id, 'admin' from t, u returning *)
     insert into registry.api_keys (tenant_id, secret_hash, name, role, scopes, created_by, created_at, expires_at)
     select tenant_id, sha256('proof'), $2, 'member', '{storage:read}', user_id, now() - interval '2 days',
       now() - interval '1 day' from m`,
    [hostile, hostile.slice(0, 100)],
  );
  await admin.query(
    `insert into registry.tenants (slug, name) select format('many-%s', lpad(n::text, 3, '0')), 'One of many'
     from generate_series(1, 60) n`,
  );
  services = await startServices();
  page = await startAdmin(
    adminConfig({
      services: services.listed,
      dashboards: [{ name: 'grafana', path: '/operator/grafana/', about: hostile }],
    }),
    server.url('strata_admin_page', 'strata'),
  );
});

afterAll(async () => {
  await page.stop();
  await services.stop();
  await server.stop();
});

const ask = (path: string): Promise<Answer> => askAdmin(page.port, path);

/** Texts of a page's cells, row by row, as a browser shows them. */
function cells({ body }: Answer): string[][] {
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].slice(1).map(([, row = '']) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) =>
      cell
        .replaceAll(/<[^>]*>/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  );
}

describe('the overview', () => {
  test('asks every service now and says what it said', async () => {
    const shown = cells(await ask('/admin/')).map(([name, health]) => [name, health]);
    expect(shown).toEqual([
      ['database', 'healthy answers questions'],
      ['well', 'healthy answered 200'],
      ['ill', 'unhealthy answered 503'],
      ['elsewhere', 'unhealthy answered 302'],
      ['silent', 'unhealthy no answer within 2 s'],
      ['away', 'unhealthy nothing listens there'],
      ['open', 'healthy listens'],
      ['closed', 'unhealthy nothing listens there'],
      ['worker', 'not asked listens nowhere'],
    ]);
  });

  test('follows no redirection of a service', () => {
    expect(services.asked).not.toContain('/secret');
  });
});

describe('tenants', () => {
  test('are listed with what they may use', async () => {
    const [acme] = cells(await ask('/admin/tenants?search=acme'));
    expect(acme).toEqual([
      'acme',
      'acme',
      'active',
      'shared',
      'main',
      '2',
      '0 B, no limit',
      '6,000 / min',
    ]);
    const [initech] = cells(await ask('/admin/tenants?search=initech'));
    expect(initech?.slice(2)).toEqual([
      'suspended',
      'shared',
      'main',
      '1',
      '0 B of 2.0 KB',
      '7 / min',
    ]);
  });

  test('come fifty at a time', async () => {
    const first = await ask('/admin/tenants?search=many');
    const second = await ask('/admin/tenants?search=many&page=2');
    const third = await ask('/admin/tenants?search=many&page=3');
    expect([first, second, third].map((answer) => cells(answer).length)).toEqual([50, 10, 0]);
    expect(first.body).toContain('Page 1 of 2 · 60 in all');
    expect(first.body).toContain('href="/admin/tenants?search=many&amp;page=2"');
    expect(third.body).toContain('No tenant is on this page.');
  });

  test('have a page each, with members, keys and changes', async () => {
    const answer = await ask('/admin/tenants/acme');
    expect(answer.status).toBe(200);
    const texts = cells(answer);
    expect(texts.find(([name]) => name === 'ann')?.slice(1, 2)).toEqual(['admin']);
    expect(answer.body).toContain('Nobody of this tenant has issued an API key.');
    expect(texts.some((row) => row.includes('app.drafts') && row.includes('insert'))).toBe(true);
  });

  test('show of their API keys what they are and never what proves them', async () => {
    const answer = await ask('/admin/tenants/initech');
    expect(answer.body).toContain('storage:read');
    expect(answer.body).toContain('expired');
    const { rows } = await admin.query<{ hash: string }>(
      `select encode(sha256('proof'), 'hex') as hash`,
    );
    expect(answer.body).not.toContain(rows[0]?.hash);
  });
});

test('users are listed with their memberships', async () => {
  const [gus] = cells(await ask('/admin/users?search=GUS'));
  expect(gus?.slice(0, 2)).toEqual(['gus', 'globex (admin)']);
});

describe('the catalogue', () => {
  test('shows schemas, tables and what fences them', async () => {
    const names = cells(await ask('/admin/database')).map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['app', 'registry', 'audit', 'storage']));
    expect(names.filter((name) => name?.startsWith('pg_'))).toEqual([]);
    const notes = cells(await ask('/admin/database/schema?schema=app')).find(
      ([name]) => name === 'notes',
    );
    expect(notes?.[4]).toBe('forced');
    const table = await ask('/admin/database/table?schema=app&table=notes');
    const texts = cells(table);
    expect(texts.map(([name]) => name)).toEqual(
      expect.arrayContaining(['tenant_id', 'body', 'tenant_floor']),
    );
    expect(texts.filter(([role]) => role === 'strata_tenant')).toEqual([
      ['strata_tenant', 'delete, insert, select, update', 'the table'],
    ]);
  });

  test.each(['pg_catalog', 'pg_toast', 'information_schema'])(
    'shows nothing of %s',
    async (schema) => {
      expect(cells(await ask(`/admin/database/schema?schema=${schema}`))).toEqual([]);
      expect((await ask(`/admin/database/table?schema=${schema}&table=pg_authid`)).status).toBe(
        404,
      );
    },
  );
});

test('the audit log shows who changed how many rows of what, page by page, and no key of a row', async () => {
  await admin.query(
    `insert into audit.log (tenant_id, relation, operation, keys, at)
     select '${world.acme.id}', 'app.many', 'update', '[{"id": "key-of-a-row"}, {}]', now() - n * interval '1 second'
     from generate_series(1, 120) n`,
  );
  const seen: number[] = [];
  let path: string | undefined = '/admin/audit?tenant=acme';
  while (path !== undefined) {
    const answer: Answer = await ask(path);
    expect(answer.body).not.toContain('key-of-a-row');
    seen.push(cells(answer).filter((row) => row[3] === 'app.many' && row[4] === '2').length);
    path = /rel="next"\s+href="([^"]+)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&');
  }
  expect(seen.reduce((sum, rows) => sum + rows, 0)).toBe(120);
  expect(seen.length).toBeGreaterThanOrEqual(3);
});

describe('whoever asks', () => {
  test.each([
    ['without a login', null],
    ['with another password', `Basic ${Buffer.from('operator:guess').toString('base64')}`],
    ['as somebody else', operatorLogin.replace('Basic ', 'Bearer ')],
    ['with the login in another spelling', operatorLogin.toUpperCase()],
    ['with nothing in the header', ''],
  ])('%s gets nothing, though he is past the gateway', async (_how, login) => {
    for (const path of ['/admin/', '/admin/tenants', '/admin/style.css', '/admin/nothing']) {
      const { status, headers, body } = await askAdmin(page.port, path, { login });
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        'Basic realm="Strata operators"',
      ]);
      expect(body).not.toContain('acme');
    }
  });

  test.each([
    'evil.example',
    'acme.example.org',
    'example.org.evil.example',
    '127.0.0.1',
    'admin',
    '',
  ])('by the name %j is sent away, with the right login', async (host) => {
    const { status, body } = await askAdmin(page.port, '/admin/tenants', { host });
    expect([400, 421]).toContain(status);
    expect(body).not.toContain('acme');
  });

  test.each(['EXAMPLE.org', 'example.org:8443', 'api.example.org'])(
    'by the name %s is let in',
    async (host) => {
      expect((await askAdmin(page.port, '/admin/tenants', { host })).status).toBe(200);
    },
  );

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'by %s changes nothing: there is no such thing',
    async (method) => {
      expect((await askAdmin(page.port, '/admin/tenants/acme', { method })).status).toBe(404);
    },
  );
});

describe('attacks', () => {
  test.each([
    '/admin/tenants?search=initech',
    '/admin/tenants/initech',
    '/admin/users?search=script',
    '/admin/dashboards',
    '/admin/audit?tenant=initech',
    `/admin/tenants?search=${encodeURIComponent(hostile)}`,
    `/admin/users?search=${encodeURIComponent('" autofocus onfocus="alert(1)')}`,
    `/admin/database?search=${encodeURIComponent(hostile)}`,
    `/admin/database/schema?schema=${encodeURIComponent(hostile)}`,
    `/admin/audit?tenant=${encodeURIComponent(hostile)}`,
    `/admin/tenants?page=${encodeURIComponent(hostile)}`,
    `/admin/${encodeURIComponent(hostile)}`,
  ])('put nothing of theirs into the page as HTML: %s', async (path) => {
    const { body, headers } = await ask(path);
    expect(body).not.toMatch(/<script|<img|\son\w+\s*=\s*"/i);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
  });

  const injected = [
    "'; drop table registry.tenants; --",
    "' or '1'='1",
    '%',
    '_',
    '\\',
    "acme'/**/union/**/select",
    '$1',
    'acme\u0000',
  ];

  test.each(injected)('by SQL in what is looked for find nothing: %j', async (search) => {
    for (const list of ['tenants', 'users', 'database']) {
      const answer = await ask(`/admin/${list}?search=${encodeURIComponent(search)}`);
      expect([list, answer.status]).toEqual([list, search.includes('\u0000') ? 400 : 200]);
      expect(cells(answer)).toEqual([]);
    }
  });

  test.each([
    '/admin/tenants?page=0',
    '/admin/tenants?page=-1',
    '/admin/tenants?page=1;drop%20table%20registry.tenants',
    '/admin/tenants?page=1e3',
    '/admin/tenants?page=999999999999999999999',
    '/admin/tenants?page=1&page=2',
    '/admin/tenants?search=a&search=b',
    `/admin/tenants?search=${'a'.repeat(101)}`,
    "/admin/tenants/acme?members=1'",
    '/admin/audit?at=now()',
    "/admin/audit?at=2026-01-01%2000:00:00%2B00'&id=x",
    '/admin/audit?at=2026-99-99%2000:00:00%2B00&id=11111111-1111-4111-8111-111111111111',
    '/admin/audit?id=1',
    '/admin/database/table?schema=app',
    '/admin/database/schema',
  ])('by what is no page are refused in words: %s', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(400);
    expect(body).toContain('The address says what is not allowed');
  });

  test.each([
    '/admin/../healthz',
    '/admin/..%2f..%2fetc/passwd',
    '/admin/%2e%2e/etc/passwd',
    '/admin/tenants/..%2f..%2f..%2fetc%2fpasswd',
    '/admin/tenants/%00',
    '/admin/style.css/../../server.cjs',
    '/admin/tenants/acme/../../users',
    '/admin//',
    '//evil.example/admin/',
    '/etc/passwd',
    '/admin',
  ])('by paths reach nothing: %s', async (path) => {
    const { status, body } = await ask(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toContain('root:');
  });

  test('leave no word of what was looked for in the log, and no password', async () => {
    await ask('/admin/users?search=somebody-private');
    await askAdmin(page.port, '/admin/', { login: null });
    expect(page.log()).toContain('"path":"/admin/users"');
    expect(page.log()).not.toMatch(/somebody-private|not-a-real-password|b3BlcmF0b3I/);
  });

  test('did not harm the registry', async () => {
    const { rowCount } = await admin.query('select from registry.tenants');
    expect(rowCount).toBe(63);
  });
});

test('without the database the overview works, and other pages say what is wrong', async () => {
  const lonely = await startAdmin(
    adminConfig({ services: services.listed.slice(0, 1) }),
    `postgresql://strata_admin_page:secret-of-nobody@127.0.0.1:${await freePort()}/strata`,
  );
  const overview = await askAdmin(lonely.port, '/admin/');
  expect(cells(overview).map(([name, health]) => [name, health])).toEqual([
    ['database', 'unhealthy does not answer'],
    ['well', 'healthy answered 200'],
  ]);
  for (const path of ['tenants', 'tenants/acme', 'users', 'database', 'audit']) {
    const { status, body } = await askAdmin(lonely.port, `/admin/${path}`);
    expect([path, status]).toEqual([path, 503]);
    expect(body).toContain('The database does not answer');
    expect(body).not.toContain('ECONNREFUSED');
  }
  expect((await askAdmin(lonely.port, '/admin/dashboards')).status).toBe(200);
  expect(lonely.log()).not.toContain('secret-of-nobody');
  expect(await lonely.stop()).toBe(0);
});

interface Services {
  readonly listed: ListedService[];
  /** Paths that were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** Stand-ins of services: one for each way to be well or ill. */
async function startServices(): Promise<Services> {
  const asked: string[] = [];
  const http: HttpServer = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answers: Record<string, () => void> = {
      '/well': () => response.writeHead(200).end('ok'),
      '/ill': () => response.writeHead(503).end(hostile),
      '/elsewhere': () => response.writeHead(302, { location: '/secret' }).end(),
      '/secret': () => response.writeHead(200).end(),
    };
    answers[request.url ?? '']?.();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const nobody = await freePort();
  const one = (name: string, check: ListedService['check']): ListedService => ({
    name,
    about: hostile,
    replicas: 1,
    check,
  });
  const at = (name: string): ListedService =>
    one(name, { kind: 'http', url: `http://127.0.0.1:${String(port)}/${name}` });
  return {
    listed: [
      at('well'),
      at('ill'),
      at('elsewhere'),
      at('silent'),
      one('away', { kind: 'http', url: `http://127.0.0.1:${String(nobody)}/` }),
      one('open', { kind: 'port', host: '127.0.0.1', port }),
      one('closed', { kind: 'port', host: '127.0.0.1', port: nobody }),
      one('worker', { kind: 'none' }),
    ],
    asked,
    stop: () =>
      new Promise((resolve) => {
        http.close(() => {
          resolve();
        });
        http.closeAllConnections();
      }),
  };
}
