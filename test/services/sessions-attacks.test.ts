import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Browser, json } from '../support/browser';
import { claimsNamespace, forge, token as platformToken } from '../support/forge';
import type { Answer } from '../support/guard/ask';
import { issuer, SessionsWorld, type Kind } from '../support/sessions-world';

const password = 'correct horse';

describe.each<Kind>(['hasura-auth', 'gotrue'])(
  'attacks on sessions before a stand-in for %s',
  (kind) => {
    let world: SessionsWorld;
    let port: number;
    let acme: string;
    let globex: string;
    let people = 0;

    beforeAll(async () => {
      world = await SessionsWorld.start(kind);
      port = await world.service();
      acme = await world.tenant('acme');
      globex = await world.tenant('globex');
    });
    afterAll(() => world.stop());
    afterEach(() => {
      world.upstream.reset();
    });

    const login = (browser: Browser, email: string, headers = {}): Promise<Answer> =>
      browser.send('/auth/login', { body: { email, password }, headers });
    const codeOf = (answer: Answer): string =>
      `${String(answer.status)} ${(json(answer).error as { code?: string } | undefined)?.code ?? ''}`;
    const claimsOf = (answer: Answer): Record<string, unknown> =>
      decodeJwt(String(json(answer).accessToken));
    const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` });
    /** Somebody of acme, verified. */
    async function person(): Promise<string> {
      const email = `p${String((people += 1))}@example.org`;
      world.upstream.add(email);
      await world.member(email, [acme, 'member']);
      return email;
    }
    const refreshPath =
      kind === 'gotrue' ? '/auth/v1/token?grant_type=refresh_token' : '/auth/token';
    const loginPath =
      kind === 'gotrue' ? '/auth/v1/token?grant_type=password' : '/auth/signin/email-password';

    describe('an upstream that is not to be trusted', () => {
      test.each<[string, () => void]>([
        ['signs with another key', () => (world.upstream.key = 'x'.repeat(64))],
        ['signs with no key', () => (world.upstream.algorithm = 'none')],
        ['signs by another algorithm', () => (world.upstream.algorithm = 'HS512')],
        [
          'is another issuer',
          () => (world.upstream.claims = (usual) => ({ ...usual, iss: 'evil' })),
        ],
        ['names no issuer', () => (world.upstream.claims = ({ iss: _, ...usual }) => usual)],
        ['gives no end', () => (world.upstream.claims = ({ exp: _, ...usual }) => usual)],
        [
          'gives a token that has ended',
          () => (world.upstream.claims = (usual) => ({ ...usual, exp: 1 })),
        ],
        ['names nobody', () => (world.upstream.claims = ({ sub: _, ...usual }) => usual)],
        [
          'names what is no user',
          () => (world.upstream.claims = (usual) => ({ ...usual, sub: 'admin' })),
        ],
      ])('%s: nobody gets a token', async (_what, break_) => {
        const email = await person();
        break_();
        for (const path of ['/auth/login', loginPath]) {
          const answer = await new Browser(port).send(path, { body: { email, password } });
          expect(codeOf(answer)).toBe('502 upstream_token_invalid');
          expect(answer.headers['set-cookie']).toBeUndefined();
        }
      });

      test('says itself which tenant and role it is: only what we know counts', async () => {
        const email = await person();
        world.upstream.claims = (usual) => ({
          ...usual,
          role: 'service_role',
          aud: 'elsewhere',
          jti: 'mine',
          nbf: 0,
          [claimsNamespace]: {
            'x-hasura-tenant-id': globex,
            'x-hasura-user-id': randomUUID(),
            'x-hasura-role': 'admin',
            'X-Hasura-Role': 'admin',
            'x-hasura-default-role': 'admin',
            'x-hasura-allowed-roles': ['admin'],
            'x-hasura-scopes': 'graphql:*',
            'x-hasura-plan': 'pro',
            'x-hasura-list': ['a'],
            tenant: globex,
          },
        });
        const {
          role,
          aud,
          jti,
          nbf,
          [claimsNamespace]: inside,
        } = claimsOf(await login(new Browser(port), email));
        expect([role, aud, nbf]).toEqual(['strata_tenant', 'strata', undefined]);
        expect(jti).not.toBe('mine');
        expect(inside).toEqual({
          'x-hasura-plan': 'pro',
          'x-hasura-user-id': expect.any(String) as unknown,
          'x-hasura-tenant-id': acme,
          'x-hasura-role': 'tenant_member',
          'x-hasura-default-role': 'tenant_member',
          'x-hasura-allowed-roles': ['tenant_member'],
        });
        const stranger = world.upstream.add(`s${String((people += 1))}@example.org`);
        const none = claimsOf(await login(new Browser(port), stranger.email));
        expect(none[claimsNamespace]).toEqual({ 'x-hasura-plan': 'pro' });
      });

      test('its tokens live no longer than it says, and no longer than we say', async () => {
        const email = await person();
        const now = Math.floor(Date.now() / 1000);
        for (const [seconds, most] of [
          [100, 100],
          [86_400, 600],
        ] as const) {
          world.upstream.claims = (usual) => ({ ...usual, exp: now + seconds });
          const { exp } = claimsOf(await login(new Browser(port), email));
          expect(Number(exp) - now).toBeGreaterThanOrEqual(most - 1);
          expect(Number(exp) - now).toBeLessThanOrEqual(most + 3);
        }
      });

      test('sends a token in another place: nobody sees it', async () => {
        const leaked = forge({ alg: 'HS256' }, { iss: 'strata', sub: randomUUID() }, issuer.key);
        world.upstream.instead = () => ({ status: 200, body: { deep: { access_token: leaked } } });
        const answer = await new Browser(port).send('/auth/somewhere', { method: 'GET' });
        expect([answer.status, answer.body.includes(leaked)]).toEqual([502, false]);
      });

      test('sends more than a megabyte, cookies of its own, and headers for the gateway', async () => {
        world.upstream.instead = () => ({
          status: 200,
          body: { ok: true },
          headers: {
            'set-cookie': ['__Host-strata-refresh=fixed', 'a=b'],
            'x-accel-redirect': '/etc/passwd',
            'access-control-allow-origin': '*',
            'x-strata-tenant': globex,
            server: 'gotrue',
          },
        });
        const { headers } = await new Browser(port).send('/auth/settings', { method: 'GET' });
        expect(Object.keys(headers).sort()).toEqual([
          'cache-control',
          'connection',
          'content-length',
          'content-type',
          'date',
        ]);
        world.upstream.instead = () => ({ status: 200, body: 'x'.repeat(1_100_000) });
        const large = await new Browser(port).send('/auth/settings', { method: 'GET' });
        expect(codeOf(large)).toBe('502 upstream_invalid');
      });

      test('is away: 502, and nothing of why', async () => {
        const alone = await SessionsWorld.start(kind, world);
        const away = await alone.service();
        alone.upstream.stop();
        expect(codeOf(await login(new Browser(away), 'a@example.org'))).toBe(
          '502 upstream_unavailable',
        );
        await alone.stop();
      });

      test('redirects where it likes by its own list, and nobody follows', async () => {
        world.upstream.instead = () => ({
          status: 302,
          headers: { location: 'https://elsewhere.example.com/?a=1#b=2' },
        });
        const { status, headers } = await new Browser(port).send('/auth/verify?x=1', {
          method: 'GET',
        });
        expect([status, headers.location]).toEqual([302, 'https://elsewhere.example.com/?a=1#b=2']);
        expect(world.upstream.received).toHaveLength(1);
      });
    });

    describe('a client that tells what only the platform may say', () => {
      test('nothing of it reaches the upstream', async () => {
        const browser = new Browser(port);
        browser.cookies.set('session', 'x');
        await browser.send('/auth/anything?tenant=acme&q=1', {
          body: { a: 1 },
          headers: {
            'x-hasura-admin-secret': 'guess',
            'x-hasura-role': 'admin',
            'x-hasura-user-id': randomUUID(),
            'X-Strata-User': 'x',
            apikey: 'service',
            'x-jwt-aud': 'other',
            redirect_to: 'https://evil.example.com',
            connection: 'x-secret',
            'x-secret': '1',
            te: 'trailers',
            'x-real-ip': '192.0.2.1',
            authorization: `Bearer ${forge({ alg: 'HS256' }, { role: 'service_role' }, 'x')}`,
          },
        });
        const [got] = world.upstream.received;
        expect([got?.path, got?.query.toString()]).toEqual(['/anything', 'q=1']);
        expect(Object.keys(got?.headers ?? {}).sort()).toEqual([
          'connection',
          'content-length',
          'content-type',
          'host',
          'x-real-ip',
        ]);
      });

      test.each<[string, () => string]>([
        ['another key', () => forge({ alg: 'HS256' }, good(), 'x'.repeat(64))],
        ['no key', () => forge({ alg: 'none' }, good(), undefined)],
        ['another algorithm', () => forge({ alg: 'HS512' }, good(), issuer.key)],
        ['another issuer', () => forge({ alg: 'HS256' }, { ...good(), iss: 'evil' }, issuer.key)],
        [
          'the upstream’s own, without our audience',
          () => forge({ alg: 'HS256' }, { ...good(), aud: undefined }, issuer.key),
        ],
        ['one that has ended', () => forge({ alg: 'HS256' }, { ...good(), exp: 1 }, issuer.key)],
        [
          'one of an API key',
          () =>
            forge(
              { alg: 'HS256' },
              { ...good(), [claimsNamespace]: { 'x-hasura-scopes': 'storage:read' } },
              issuer.key,
            ),
        ],
        [
          'one without an id',
          () => forge({ alg: 'HS256' }, { ...good(), jti: undefined }, issuer.key),
        ],
        [
          'one that another program made',
          () =>
            platformToken(issuer, { tenantId: acme, userId: randomUUID(), role: 'tenant_admin' }),
        ],
      ])('a token of %s opens nothing, here or at the upstream', async (_what, make) => {
        const browser = new Browser(port);
        const headers = bearer(make());
        for (const [path, method] of [
          ['/auth/me', 'GET'],
          ['/auth/tenants', 'GET'],
        ] as const) {
          expect((await browser.send(path, { method, headers })).status).toBe(401);
        }
        expect(
          (await browser.send('/auth/switch', { body: { tenant: 'acme' }, headers })).status,
        ).toBe(401);
        await browser.send('/auth/user/password', { body: { newPassword: 'x' }, headers });
        expect(world.upstream.received.map(({ headers: got }) => got.authorization)).toEqual([
          undefined,
        ]);
      });

      test('the control of these: a good one does', async () => {
        world.upstream.add('control@example.org');
        const browser = new Browser(port);
        const { accessToken } = json(await login(browser, 'control@example.org'));
        expect(
          (await browser.send('/auth/me', { method: 'GET', headers: bearer(accessToken) })).status,
        ).toBe(200);
        expect(world.upstream.received.at(-1)?.headers.authorization).toBe(
          `Bearer ${String(accessToken)}`,
        );
      });

      const good = (): Record<string, unknown> => {
        const now = Math.floor(Date.now() / 1000);
        return {
          iss: 'strata',
          aud: 'strata',
          sub: randomUUID(),
          jti: randomUUID(),
          role: 'strata_tenant',
          iat: now,
          exp: now + 60,
        };
      };

      test.each(['globex', 'initech', '../acme', `' or true --`])(
        'to switch to %j is refused in the same words',
        async (tenant) => {
          const browser = new Browser(port);
          const { accessToken } = json(await login(browser, await person()));
          const { status, body } = await browser.send('/auth/switch', {
            body: { tenant },
            headers: bearer(accessToken),
          });
          expect([status, body]).toEqual([
            403,
            '{"error":{"code":"wrong_tenant","message":"this is not your tenant"}}',
          ]);
        },
      );

      test('switching does not make a session longer', async () => {
        const browser = new Browser(port);
        const now = Math.floor(Date.now() / 1000);
        world.upstream.claims = (usual) => ({ ...usual, exp: now + 30 });
        const first = await login(browser, await person());
        const { accessToken } = json(first);
        const second = await browser.send('/auth/switch', {
          body: { tenant: 'acme' },
          headers: bearer(accessToken),
        });
        expect(claimsOf(second).exp).toBe(claimsOf(first).exp);
      });

      test.each([
        '/auth/../healthz',
        '/auth/a/../../x',
        '/auth//admin',
        '/auth/%2e%2e/x',
        '/auth/a%2fb',
        '/auth/a;b',
        '/auth/v1//x',
      ])('the path %s goes nowhere', async (path) => {
        const { status } = await new Browser(port).send(path, { method: 'GET' });
        expect([400, 404]).toContain(status);
        expect(world.upstream.received).toEqual([]);
      });

      test('more than a megabyte is refused before the upstream hears of it', async () => {
        const body = { email: 'x@example.org', password: 'x'.repeat(1_100_000) };
        for (const path of ['/auth/login', loginPath]) {
          expect(codeOf(await new Browser(port).send(path, { body }))).toBe('413 body_too_large');
        }
        expect(world.upstream.received).toEqual([]);
      });

      test('a body that is none, or has members that nobody asked for', async () => {
        for (const body of [
          '{',
          '[]',
          { email: 'a@b.c' },
          { email: 'a@b.c', password: 'x', options: { allowedRoles: ['admin'] } },
        ]) {
          expect(codeOf(await new Browser(port).send('/auth/login', { body }))).toBe(
            '400 body_invalid',
          );
        }
        expect(world.upstream.received).toEqual([]);
      });
    });

    describe('pages of foreign origins', () => {
      test.each<[string, string | undefined]>([
        ['another site', 'https://evil.example.com'],
        ['a neighbour in the domain', 'https://evil.example.org'],
        ['a page without an origin', 'null'],
        ['no origin at all', undefined],
        ['the host without TLS', 'http://api.example.org'],
        ['the host with another port', 'https://api.example.org:8443'],
        ['a name that begins alike', 'https://app.example.org.evil.com'],
      ])('%s does not use the cookie', async (_what, origin) => {
        const browser = new Browser(port);
        await login(browser, await person());
        world.upstream.received.length = 0;
        browser.origin = origin;
        for (const path of ['/auth/refresh', refreshPath, '/auth/logout']) {
          expect(codeOf(await browser.send(path))).toBe('403 origin_not_allowed');
        }
        expect(world.upstream.received).toEqual([]);
        browser.origin = 'https://api.example.org';
        expect((await browser.send('/auth/refresh')).status).toBe(200);
      });

      test('sign nobody in as somebody else, with JSON or with a form', async () => {
        const email = await person();
        for (const type of [
          'application/json',
          'text/plain',
          'application/x-www-form-urlencoded',
        ]) {
          const browser = new Browser(port, 'https://evil.example.com');
          const answer = await browser.send(loginPath, {
            body: { email, password },
            headers: { 'content-type': type },
          });
          expect(codeOf(answer)).toBe('403 origin_not_allowed');
          expect(browser.cookies.size).toBe(0);
        }
      });

      test('an identity provider posts its form to a callback, and that goes on', async () => {
        world.upstream.instead = () => ({
          status: 302,
          headers: { location: 'https://app.example.org/' },
        });
        const browser = new Browser(port, 'https://appleid.apple.com');
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const answer = await browser.send('/auth/callback', { body: 'state=x&code=y', headers });
        expect([answer.status, world.upstream.received[0]?.bytes]).toEqual([302, 14]);
      });

      test('a refresh by GET uses no cookie', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        world.upstream.received.length = 0;
        await browser.send(refreshPath, { method: 'GET' });
        expect(world.upstream.received.map(({ headers, body }) => [headers.cookie, body])).toEqual([
          [undefined, {}],
        ]);
      });
    });

    describe('the refresh token', () => {
      test('comes into no body once it is in a cookie, whatever a script in the page asks', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        for (const path of ['/auth/refresh', refreshPath]) {
          const answer = await browser.send(path, { headers: { 'x-refresh-token': 'body' } });
          const cookie = browser.cookies.get('__Host-strata-refresh') ?? '';
          expect(answer.status).toBe(200);
          expect(answer.body).not.toContain(cookie);
          expect(answer.body).toContain(
            kind === 'gotrue' ? '"cookie"' : '"00000000-0000-0000-0000-000000000000"',
          );
        }
      });

      test('of a program without cookies stays in the body, and goes on from there', async () => {
        const native = new Browser(port, undefined);
        const body = json(await login(native, await person(), { 'x-refresh-token': 'body' }));
        expect(native.cookies.size).toBe(0);
        const next = await native.send('/auth/refresh', {
          body: { refreshToken: body.refreshToken },
        });
        expect([next.status, json(next).refreshToken === body.refreshToken]).toEqual([200, false]);
        expect(native.cookies.size).toBe(0);
        const again = await native.send('/auth/refresh', {
          body: { refreshToken: body.refreshToken },
        });
        expect(again.status).toBe(kind === 'gotrue' ? 400 : 401);
      });

      test('stays in the body where cookies are switched off, and a cookie is nothing', async () => {
        const plain = await world.service({ cookie: false });
        const browser = new Browser(plain);
        const body = json(await login(browser, await person()));
        expect([browser.cookies.size, String(body.refreshToken).length > 10]).toEqual([0, true]);
        browser.cookies.set('__Host-strata-refresh', String(body.refreshToken));
        expect(codeOf(await browser.send('/auth/refresh'))).toBe('401 refresh_token_missing');
      });

      test('of two cookies with its name is none: nobody knows whose they are', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        const value = browser.cookies.get('__Host-strata-refresh') ?? '';
        browser.cookies.clear();
        const cookie = `__Host-strata-refresh=${value}; __Host-strata-refresh=${value}`;
        expect(codeOf(await browser.send('/auth/refresh', { headers: { cookie } }))).toBe(
          '401 refresh_token_missing',
        );
      });

      test('that the upstream refuses is taken out of the browser', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        browser.cookies.set('__Host-strata-refresh', randomUUID());
        expect((await browser.send('/auth/refresh')).status).toBeGreaterThanOrEqual(400);
        expect(browser.cookies.size).toBe(0);
      });

      test('serves two pages that wake up together: one question, two tokens, the same session', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        world.upstream.received.length = 0;
        let open: () => void = () => undefined;
        world.upstream.gate = new Promise((resolve) => (open = resolve));
        const old = new Map(browser.cookies);
        const tabs = [1, 2, 3].map(() => browser.send('/auth/refresh'));
        await expect.poll(() => world.upstream.received.length).toBe(1);
        open();
        const answers = await Promise.all(tabs);
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
        expect(new Set(answers.map((one) => claimsOf(one).session_id)).size).toBe(1);
        expect(new Set(answers.map((one) => claimsOf(one).jti)).size).toBe(3);
        // And one that comes a moment later with the cookie from before.
        for (const [name, value] of old) browser.cookies.set(name, value);
        expect((await browser.send('/auth/refresh')).status).toBe(200);
        expect(world.upstream.received).toHaveLength(1);
        expect((await browser.send('/auth/refresh')).status).toBe(200);
      });

      test('does not lead to a tenant that is gone, nor to another one instead', async () => {
        const email = await person();
        const browser = new Browser(port);
        await login(browser, email);
        await world.admin.query(
          'insert into registry.members select $1, id, $3 from registry.users where handle = $2',
          [globex, email, 'admin'],
        );
        await world.admin.query(
          'delete from registry.members where tenant_id = $1 and user_id = (select id from registry.users where handle = $2)',
          [acme, email],
        );
        expect(json(await browser.send('/auth/refresh', { headers: {} })).tenant).toBeNull();
        expect(json(await login(new Browser(port), email)).tenant).toMatchObject({
          slug: 'globex',
        });
      });

      test('does not lead to a tenant that is suspended, until that is over', async () => {
        const browser = new Browser(port);
        await login(browser, await person());
        const set = (status: string) =>
          world.admin.query('update registry.tenants set status = $2 where id = $1', [
            acme,
            status,
          ]);
        await set('suspended');
        const { accessToken, tenant } = json(
          await browser.send('/auth/refresh', { headers: { 'x-tenant': 'acme' } }),
        );
        const said = await browser.send('/auth/switch', {
          body: { tenant: 'acme' },
          headers: bearer(accessToken),
        });
        const list = json(
          await browser.send('/auth/tenants', { method: 'GET', headers: bearer(accessToken) }),
        );
        await set('active');
        expect([tenant, codeOf(said)]).toEqual([null, '403 wrong_tenant']);
        expect(list.tenants).toMatchObject([{ slug: 'acme', active: false }]);
        const back = json(await browser.send('/auth/refresh', { headers: { 'x-tenant': 'acme' } }));
        expect(back.tenant).toMatchObject({ slug: 'acme' });
      });
    });

    test('a link in a mail brings the refresh token into the cookie and never into the address', async () => {
      const user = world.upstream.add('linked@example.org', { verified: false });
      const id = await world.member('linked@example.org', [acme, 'member']);
      const browser = new Browser(port, undefined);
      const query = new URLSearchParams({
        [kind === 'gotrue' ? 'token' : 'ticket']: user.id,
        redirectTo: 'https://app.example.org/welcome?a=b',
      });
      const { headers } = await browser.send(`/auth/verify?${query.toString()}`, { method: 'GET' });
      const location = new URL(headers.location ?? '');
      const cookie = browser.cookies.get('__Host-strata-refresh') ?? '';
      expect(cookie).not.toBe('');
      expect(location.href).not.toContain(cookie);
      if (kind === 'gotrue') {
        const words = new URLSearchParams(location.hash.slice(1));
        expect(words.get('refresh_token')).toBe('cookie');
        expect(decodeJwt(words.get('access_token') ?? '')).toMatchObject({
          [claimsNamespace]: { 'x-hasura-user-id': id, 'x-hasura-tenant-id': acme },
        });
      } else {
        expect(location.href).toBe(
          'https://app.example.org/welcome?a=b&refreshToken=00000000-0000-0000-0000-000000000000',
        );
      }
      browser.origin = 'https://app.example.org';
      expect(json(await browser.send('/auth/refresh')).tenant).toMatchObject({ slug: 'acme' });
    });

    test('an address that is not verified takes nobody over, whatever the user writes about himself', async () => {
      const email = await person();
      const [owner] = world.upstream.users.splice(-1);
      world.upstream.add(email, { verified: false, metadata: { email_verified: true } });
      const body = json(await login(new Browser(port), email));
      expect(body.tenant).toBeNull();
      // Its owner, who has shown that it is his, comes later and finds what is his.
      world.upstream.users.pop();
      if (owner) world.upstream.users.push(owner);
      expect(json(await login(new Browser(port), email)).tenant).toMatchObject({ slug: 'acme' });
    });

    test('no address counts as proven where the upstream asks nobody to prove it', async () => {
      const trusting = await world.service({ addressesAreProven: false });
      const email = await person();
      expect(json(await login(new Browser(trusting), email)).tenant).toBeNull();
    });

    test('a place to go that the upstream does not allow is its refusal', async () => {
      world.upstream.instead = ({ query }) =>
        query.has('redirectTo')
          ? { status: 400, body: { error: 'redirectTo-not-allowed', message: 'no' } }
          : undefined;
      const { status, headers } = await new Browser(port).send(
        '/auth/verify?redirectTo=https://evil.example.com',
        { method: 'GET' },
      );
      expect([status, headers.location]).toEqual([400, undefined]);
    });

    test('a reset tells nobody who has an account', async () => {
      const email = await person();
      const answers = [email, 'nobody@example.org'].map((one) =>
        new Browser(port).send('/auth/reset', { body: { email: one } }),
      );
      expect((await Promise.all(answers)).map(({ status, body }) => [status, body])).toEqual(
        Array(2).fill([200, '{"sent":true}']),
      );
    });

    test('neither logs nor figures hold a token, an address or an id', async () => {
      const browser = new Browser(port);
      const email = await person();
      const { accessToken, user } = json(await login(browser, email)) as {
        accessToken: string;
        user: { id: string };
      };
      await browser.send(`/auth/admin/users/${user.id}?email=${email}`, {
        method: 'GET',
        headers: bearer(accessToken),
      });
      const { body: figures } = await browser.send('/metrics', { method: 'GET' });
      const all = figures + JSON.stringify(world.lines);
      const secrets = [
        accessToken,
        email,
        user.id,
        browser.cookies.get('__Host-strata-refresh') ?? 'x',
        password,
      ];
      expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
      expect(figures).toMatch(/strata_sessions_sign_ins_total\{tenant="yes"\} [1-9]/);
    });
  },
);
