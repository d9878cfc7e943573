import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Browser, json } from '../support/browser';
import { claimsNamespace } from '../support/forge';
import { SessionsWorld, type Kind } from '../support/sessions-world';

const password = 'correct horse';

describe.each<Kind>(['hasura-auth', 'gotrue'])('sessions before a stand-in for %s', (kind) => {
  let world: SessionsWorld;
  let port: number;
  let acme: string;
  let globex: string;
  let ann: string;

  beforeAll(async () => {
    world = await SessionsWorld.start(kind);
    port = await world.service();
    acme = await world.tenant('acme');
    globex = await world.tenant('globex');
    ann = await world.member('ann@example.org', [acme, 'admin']);
    await world.member('bob@example.org', [acme, 'member'], [globex, 'admin']);
    for (const name of ['ann', 'bob', 'cas']) world.upstream.add(`${name}@example.org`);
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.upstream.reset();
  });

  const login = (browser: Browser, name: string, headers = {}) =>
    browser.send('/auth/login', { body: { email: `${name}@example.org`, password }, headers });
  const claimsOf = (body: Record<string, unknown>): Record<string, unknown> =>
    decodeJwt(String(body.accessToken));
  const bearer = (body: Record<string, unknown>) => ({
    authorization: `Bearer ${String(body.accessToken)}`,
  });

  test('a member of one tenant gets a token of that tenant, with what the upstream says besides', async () => {
    const browser = new Browser(port);
    const answer = await login(browser, 'ann');
    const body = json(answer);
    const subject = world.upstream.users[0]?.id;
    expect(body).toEqual({
      accessToken: expect.any(String) as unknown,
      expiresIn: 600,
      refreshToken: kind === 'gotrue' ? 'cookie' : '00000000-0000-0000-0000-000000000000',
      user: {
        id: ann,
        email: 'ann@example.org',
        emailVerified: true,
        name: kind === 'gotrue' ? '' : 'ann@example.org',
      },
      tenant: { id: acme, slug: 'acme', name: 'acme', role: 'admin', active: true },
    });
    const { iat, exp, jti, session_id, amr, ...claims } = claimsOf(body);
    expect(Number(exp) - Number(iat)).toBe(600);
    expect([jti, session_id]).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      expect.any(String),
    ]);
    expect(claims).toEqual({
      iss: 'strata',
      aud: 'strata',
      sub: subject,
      role: 'strata_tenant',
      [claimsNamespace]: {
        'x-hasura-user-id': ann,
        'x-hasura-tenant-id': acme,
        'x-hasura-default-role': 'tenant_admin',
        'x-hasura-allowed-roles': ['tenant_admin'],
        'x-hasura-role': 'tenant_admin',
        ...(kind === 'hasura-auth' && { 'x-hasura-user-is-anonymous': 'false' }),
      },
      ...(kind === 'gotrue' && {
        email: 'ann@example.org',
        phone: '',
        aal: 'aal1',
        app_metadata: { provider: 'email' },
        user_metadata: {},
        is_anonymous: false,
      }),
    });
    expect(amr === undefined).toBe(kind === 'hasura-auth');
  });

  test('the refresh token is in a cookie that no script and no other host has', async () => {
    const browser = new Browser(port);
    const { headers } = await login(browser, 'ann');
    const attributes = 'Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict';
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^__Host-strata-refresh=[\\w-]+; ${attributes}$`)),
      `__Host-strata-tenant=${acme}; ${attributes}`,
    ]);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('a refresh goes on with the cookie, and the token before is dead at the upstream', async () => {
    const browser = new Browser(port);
    await login(browser, 'ann');
    const before = browser.cookies.get('__Host-strata-refresh');
    const body = json(await browser.send('/auth/refresh'));
    expect(body.tenant).toMatchObject({ slug: 'acme' });
    expect(browser.cookies.get('__Host-strata-refresh')).not.toBe(before);
    expect((await browser.send('/auth/refresh')).status).toBe(200);
  });

  test('who is in several tenants is in none until he says in which, and changes by another token', async () => {
    const browser = new Browser(port);
    const none = json(await login(browser, 'bob'));
    expect(none.tenant).toBeNull();
    expect(Object.keys((claimsOf(none)[claimsNamespace] as object | undefined) ?? {})).toEqual(
      kind === 'gotrue' ? [] : ['x-hasura-user-is-anonymous'],
    );
    const tenants = json(
      await browser.send('/auth/tenants', { method: 'GET', headers: bearer(none) }),
    );
    expect(tenants).toEqual({
      tenants: [
        { id: acme, slug: 'acme', name: 'acme', role: 'member', active: true },
        { id: globex, slug: 'globex', name: 'globex', role: 'admin', active: true },
      ],
    });
    const me = json(await browser.send('/auth/me', { method: 'GET', headers: bearer(none) }));
    expect(me).toMatchObject({ user: { email: 'bob@example.org' }, tenant: null });

    const there = json(
      await browser.send('/auth/switch', { body: { tenant: 'globex' }, headers: bearer(none) }),
    );
    expect(claimsOf(there)).toMatchObject({
      exp: claimsOf(none).exp,
      [claimsNamespace]: { 'x-hasura-tenant-id': globex, 'x-hasura-role': 'tenant_admin' },
    });
    const meThere = json(await browser.send('/auth/me', { method: 'GET', headers: bearer(there) }));
    expect(meThere.tenant).toMatchObject({ slug: 'globex' });
    // A page that is loaded anew has no token, and stays where it was.
    expect(json(await browser.send('/auth/refresh')).tenant).toMatchObject({ slug: 'globex' });
    expect(
      json(await browser.send('/auth/refresh', { headers: { 'x-tenant': acme } })).tenant,
    ).toMatchObject({ slug: 'acme' });
  });

  test.each<
    [
      string,
      Partial<{ host: string; path: string; headers: Record<string, string> }>,
      string | null,
    ]
  >([
    ['the host', { host: 'globex.example.org' }, 'globex'],
    ['the header', { headers: { 'x-tenant': 'Globex' } }, 'globex'],
    ['the query', { path: '/auth/login?tenant=globex' }, 'globex'],
    ['the path, as the gateway tells', { headers: { 'x-tenant-path': 'globex' } }, 'globex'],
    ['the host of the API, which is no tenant’s', { host: 'api.example.org' }, null],
    ['another domain', { host: 'globex.example.com' }, null],
    [
      'host and header that contradict',
      { host: 'globex.example.org', headers: { 'x-tenant': 'acme' } },
      null,
    ],
    [
      'header and query that contradict',
      { path: '/auth/login?tenant=acme', headers: { 'x-tenant': 'globex' } },
      null,
    ],
    ['two of a query', { path: '/auth/login?tenant=acme&tenant=globex' }, null],
    ['a tenant that nobody has', { headers: { 'x-tenant': 'initech' } }, null],
  ])(
    'the tenant is wanted by %s',
    async (_what, { host, path = '/auth/login', headers = {} }, slug) => {
      const browser = new Browser(port);
      if (host !== undefined) browser.host = host;
      const body = { email: 'bob@example.org', password };
      const answer = json(await browser.send(path, { body, headers }));
      expect((answer.tenant as { slug: string } | null)?.slug ?? null).toBe(slug);
      const inside = claimsOf(answer)[claimsNamespace] as Record<string, string> | undefined;
      expect(inside?.['x-hasura-tenant-id']).toBe(slug === 'globex' ? globex : undefined);
    },
  );

  test('a stranger gets a user of his own, a token of no tenant, and no switch', async () => {
    const browser = new Browser(port);
    const body = json(await login(browser, 'cas'));
    const subject = world.upstream.users[2]?.id;
    expect([body.tenant, (body.user as { id: string }).id]).toEqual([null, subject]);
    const said = await browser.send('/auth/switch', {
      body: { tenant: 'acme' },
      headers: bearer(body),
    });
    expect([said.status, said.body]).toEqual([
      403,
      '{"error":{"code":"wrong_tenant","message":"this is not your tenant"}}',
    ]);
    const { rows } = await world.admin.query('select handle from registry.users where id = $1', [
      subject,
    ]);
    expect(rows).toEqual([{ handle: 'cas@example.org' }]);
  });
});
