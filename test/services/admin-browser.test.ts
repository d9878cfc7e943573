import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin as adminService } from '../../components/services/admin';
import { limits } from '../../components/settings/limits';
import { deploy } from '../sql/support/platform';
import { startServer, type Server } from '../sql/support/server';
import { noBrowser, startBrowser } from '../support/admin/browser';
import { adminConfig, startAdmin, type AdminProcess } from '../support/admin/process';
import { ask } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, operatorPassword, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';

const missing = noNginx ?? noBrowser;
const title = 'the admin page in a real browser, through real nginx';

/** What a tenant calls itself, and what would come of it in a page that does not escape. */
const hostile = `"><script>document.title='taken'</script><img src="https://evil.example/x">`;

/** A folder for pictures of every page; nothing is kept without it. */
const pictures = process.env.STRATA_TEST_PICTURES;

describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
  let server: Server;
  let admin: AdminProcess;
  let grafana: StandIn;
  let names: Names;
  let gateway: Running;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = await startServer();
    await deploy(server, 'strata');
    const superuser = await server.connect('postgres', 'strata');
    await superuser.query(
      `with t as (insert into registry.tenants (slug, name, status) values ('initech', $1, 'suspended') returning id),
         u as (insert into registry.users (handle) values ($1) returning id),
         m as (insert into registry.members select t.id, u.id, 'admin' from t, u returning *)
       insert into registry.api_keys (tenant_id, secret_hash, name, role, scopes, created_by, created_at, expires_at)
       select tenant_id, sha256('proof'), 'nightly export', 'member', '{storage:read,graphql:read}', user_id,
         now() - interval '1 day', now() + interval '90 days' from m`,
      [hostile],
    );
    await superuser.query(
      `insert into registry.tenants (slug, name, model, storage_bytes)
       select format('customer-%s', lpad(n::text, 3, '0')), format('Customer number %s', n),
         (array['shared', 'schema', 'database'])[1 + n % 3], n::bigint * 1000000000
       from generate_series(1, 60) n`,
    );
    grafana = await startStandIn();
    const at = (path: string) =>
      ({ kind: 'http', url: `http://127.0.0.1:${String(grafana.port)}${path}` }) as const;
    admin = await startAdmin(
      adminConfig({
        services: [
          { name: 'graphql', about: 'The GraphQL API', replicas: 2, check: at('/healthz') },
          {
            name: 'grafana',
            about: 'Dashboards',
            replicas: 1,
            check: at('/api/health'),
            page: '/operator/grafana/',
          },
          {
            name: 'prometheus',
            about: hostile,
            replicas: 1,
            check: { kind: 'port', host: '127.0.0.1', port: 9 },
          },
        ],
        dashboards: [{ name: 'grafana', path: '/operator/grafana/', about: 'Dashboards.' }],
        databaseTools: [{ name: 'pgadmin', path: '/pgadmin/', about: 'Queries.' }],
      }),
      server.url('strata_admin_page', 'strata'),
    );
    const { routes } = adminService({ domain: 'example.org', limits: limits.parse({}) }, []);
    const services = [
      service('admin', admin.port, routes),
      service('grafana', grafana.port, {
        grafana: { path: '/operator/grafana/', access: 'operator' },
      }),
    ];
    names = await startNames({ admin: ['127.0.0.1'], grafana: ['127.0.0.1'] });
    gateway = await startNginx(gatewayInput({ operators: ['127.0.0.1'] }), services, {
      resolver: names.address,
    });
    origin = `https://example.org:${String(gateway.https)}`;
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await gateway.stop();
    names.close();
    await Promise.all([grafana.close(), admin.stop()]);
    await server.stop();
  });

  /** A visitor, and everything that a page should not do. */
  async function visitor(
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<{ page: Page; wrong: string[]; context: BrowserContext }> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      httpCredentials: { username: 'operator', password: operatorPassword },
      ...options,
    });
    const wrong: string[] = [];
    context.on('console', (message) => {
      // The stand-in of Grafana has no icon, and browsers look for one.
      const ofIcon = message.location().url.endsWith('/favicon.ico');
      if (!ofIcon) wrong.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => {
      wrong.push(`error: ${error.error().message}`);
    });
    context.on('request', (request) => {
      if (!request.url().startsWith(origin)) wrong.push(`asked ${request.url()}`);
    });
    context.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
    });
    return { page: await context.newPage(), wrong, context };
  }

  test('is there with the login, for an allowed address, and not without', async () => {
    const login = `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`;
    const statusOf = async (authorization?: string, from?: string, host = 'example.org') => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      return (await ask(gateway, '/admin/', { host, headers, ...(from && { from }) })).status;
    };
    expect([
      await statusOf(),
      await statusOf('Basic b3BlcmF0b3I6Z3Vlc3M='),
      await statusOf(login),
      await statusOf(login, '127.0.0.2'),
      await statusOf(login, undefined, 'initech.example.org'),
    ]).toEqual([401, 401, 200, 403, 421]);
    const { headers } = await ask(gateway, '/admin/', {
      host: 'example.org',
      headers: { authorization: login },
    });
    expect([
      headers['content-security-policy'],
      headers['x-frame-options'],
      headers['x-content-type-options'],
      headers['cache-control'],
    ]).toEqual([
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'DENY',
      'nosniff',
      'no-store',
    ]);
  });

  test('gives the operators’ login to the admin page and to no other service', async () => {
    const login = `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`;
    const { status } = await ask(gateway, '/operator/grafana/', {
      host: 'example.org',
      headers: { authorization: login },
    });
    expect([status, grafana.asked.at(-1)?.headers.authorization]).toEqual([200, undefined]);
  });

  test('without a password is a login that fails', async () => {
    const { page, context } = await visitor({ httpCredentials: undefined });
    const answer = await page.goto(`${origin}/admin/`).catch(() => null);
    expect([401, undefined]).toContain(answer?.status());
    await context.close();
  });

  test('can be clicked through, and nothing is wrong on the way', async () => {
    const { page, wrong, context } = await visitor();
    const heading = (): Promise<string | null> => page.locator('h1').textContent();
    await page.goto(`${origin}/admin/`);
    expect(await page.locator('tbody tr').count()).toBe(4);
    expect(await page.locator('.badge.bad').allTextContents()).toEqual(['3 of 4', 'unhealthy']);
    await picture(page, 'overview');

    await page.getByRole('link', { name: 'Tenants' }).click();
    expect(await heading()).toBe('Tenants');
    await picture(page, 'tenants');
    await page.getByRole('link', { name: 'Next' }).click();
    expect(await page.locator('tbody tr').count()).toBe(13);
    await page.getByLabel('Slug, name or id').fill('initech');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('tbody td:nth-child(2)').allTextContents()).toEqual([hostile]);
    await page.getByRole('link', { name: 'initech' }).click();
    expect(await heading()).toBe('initech');
    expect(await page.title()).toBe('initech · Strata');
    await picture(page, 'tenant');
    await page.getByRole('link', { name: 'All changes of initech' }).click();
    expect(await heading()).toBe('Audit: initech');

    await page.getByRole('link', { name: 'Users' }).click();
    expect(await heading()).toBe('Users');
    await picture(page, 'users');
    await page.getByRole('link', { name: 'Dashboards' }).click();
    await picture(page, 'dashboards');
    await page.getByRole('link', { name: 'grafana' }).click();
    expect(new URL(page.url()).pathname).toBe('/operator/grafana/');
    await page.goBack();

    await page.getByRole('link', { name: 'Database' }).click();
    await picture(page, 'database');
    await page.getByRole('link', { name: 'registry', exact: true }).click();
    await picture(page, 'schema');
    await page.getByRole('link', { name: 'api_keys', exact: true }).click();
    expect(await heading()).toBe('registry.api_keys');
    await picture(page, 'table');
    await page.getByRole('link', { name: 'Audit' }).click();
    await picture(page, 'audit');
    expect(wrong).toEqual([]);
    await context.close();
  });

  test.each([
    ['narrow', { viewport: { width: 400, height: 800 } }],
    ['narrow-dark', { viewport: { width: 400, height: 800 }, colorScheme: 'dark' as const }],
    ['dark', { colorScheme: 'dark' as const }],
    ['without-scripts', { javaScriptEnabled: false }],
  ])('fits a screen that is %s', async (name, options) => {
    const { page, wrong, context } = await visitor(options);
    for (const place of [
      '',
      'tenants',
      'tenants/initech',
      'users',
      'dashboards',
      'database',
      'database/schema?schema=registry',
      'database/table?schema=app&table=notes',
      'audit',
      'nothing',
    ]) {
      const answer = await page.goto(`${origin}/admin/${place}`);
      expect([place, answer?.status()]).toEqual([place, place === 'nothing' ? 404 : 200]);
      if (name !== 'without-scripts') {
        const [wide, screen] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, window.innerWidth]',
        );
        expect([place, wide <= screen]).toEqual([place, true]);
      }
      await picture(page, `${name}-${place.replaceAll(/\W+/g, '-')}`);
    }
    // What there is not is said in the console, and nothing else is.
    expect(wrong.filter((said) => !said.includes('404'))).toEqual([]);
    await context.close();
  });

  test('cannot be framed, and runs no script that gets into it', async () => {
    const { page, wrong, context } = await visitor();
    await page.goto(`${origin}/admin/tenants?search=initech`);
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="document.title = 1">');
       document.body.append(Object.assign(document.createElement('script'), { src: 'https://evil.example/x.js' }));`,
    );
    await expect
      .poll(() => wrong.filter((said) => said.includes('Content Security Policy')).length)
      .toBeGreaterThan(0);
    expect(await page.title()).toBe('Tenants · Strata');
    await page.goto(`${origin}/operator/grafana/`);
    await page.setContent(`<iframe src="${origin}/admin/"></iframe>`);
    await expect
      .poll(() =>
        wrong.some((said) => /frame-ancestors|X-Frame-Options|refused to connect/i.test(said)),
      )
      .toBe(true);
    await context.close();
  });
});

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
}
