import { revocableName } from '../../components/services/images/shared/revocable';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, refusalOf, ask } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { issuer as tokenIssuer } from '../support/guard/world';
import { forge } from '../support/forge';
import { Browser } from '../support/oauth/browser';
import type { OauthProcess } from '../support/oauth/process';
import {
  as,
  authorize,
  authorizeUrl,
  clientSecrets,
  codeFor,
  hostileName,
  issuer,
  OauthWorld,
  pkce,
  post,
  signedIn,
  tokens,
} from '../support/oauth/world';

const title = `attacks on the OAuth server, with a stand-in for the sessions service${noRedis ? ` (skipped: ${noRedis})` : ''}`;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: OauthWorld;
  let server: OauthProcess;
  let guard: GuardProcess;

  beforeAll(async () => {
    world = await OauthWorld.start();
    server = await world.oauth();
    guard = await world.guarded.guard();
  });
  afterAll(() => world.stop());

  const atTheGuard = async (token: string): Promise<string> =>
    refusalOf(await check(guard.port, { authorization: `Bearer ${token}` }));

  const exchange = (fields: Record<string, string>) => ({
    grant_type: 'authorization_code',
    client_id: 'app',
    redirect_uri: 'https://app.test/back',
    ...fields,
  });

  const nameOf = (token: string): string => revocableName(String(decodeJwt(token).jti));

  describe('codes', () => {
    test('a public client without PKCE, or with the plain one, gets no code', async () => {
      const without = await authorize(server, {});
      const plain = await authorize(server, {
        more: { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' },
      });
      expect([without, plain].map(({ searchParams }) => searchParams.get('error'))).toEqual([
        'invalid_request',
        'invalid_request',
      ]);
    });

    test('a stolen code gives nothing without its verifier, nor to another client', async () => {
      const { code, verifier } = await codeFor(server);
      const { verifier: other } = pkce();
      const stolen = exchange({ code });
      const said = [
        await tokens(server, stolen),
        await tokens(server, { ...stolen, code_verifier: other }),
        await tokens(server, { ...stolen, client_id: undefined, code_verifier: verifier }, as.shop),
        await tokens(server, {
          ...stolen,
          redirect_uri: 'https://evil.test/',
          code_verifier: verifier,
        }),
      ];
      expect(said.map(({ error }) => error)).toEqual(Array(4).fill('invalid_grant'));
    });

    test('a code that is used twice ends everything that came of it', async () => {
      const { code, verifier } = await codeFor(server);
      const fields = exchange({ code, code_verifier: verifier });
      const first = await tokens(server, fields);
      const second = await tokens(server, fields);
      const refresh = { grant_type: 'refresh_token', client_id: 'app' };
      const third = await tokens(server, { ...refresh, refresh_token: first.refresh_token });
      expect([second.error, third.error]).toEqual(['invalid_grant', 'invalid_grant']);
      expect(await world.revoked()).toContain(nameOf(first.access_token));
    });

    test('of many uses of a code at the same time one wins at most, and keeps nothing', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { code, verifier } = await codeFor(server);
        const fields = exchange({ code, code_verifier: verifier });
        const all = await Promise.all(Array.from({ length: 8 }, () => tokens(server, fields)));
        const winners = all.filter(({ access_token }) => access_token);
        expect(winners.length).toBeLessThanOrEqual(1);
        const revoked = await world.revoked();
        for (const { access_token, refresh_token } of winners) {
          expect(revoked).toContain(nameOf(access_token));
          const again = { grant_type: 'refresh_token', client_id: 'app', refresh_token };
          expect((await tokens(server, again)).error).toBe('invalid_grant');
        }
      }
    });

    test('a code that has ended is none', async () => {
      const { code, verifier } = await codeFor(server);
      // As if a minute had gone by: Redis forgets it.
      await world.guarded.redis.admin(async (redis) => {
        for (const key of await redis.keys('oauth:AuthorizationCode:*'))
          await redis.pexpire(key, 1);
      });
      await expect
        .poll(async () =>
          world.guarded.redis.admin((redis) => redis.keys('oauth:AuthorizationCode:*')),
        )
        .toEqual([]);
      const { error } = await tokens(server, exchange({ code, code_verifier: verifier }));
      expect(error).toBe('invalid_grant');
    });
  });

  describe('refresh tokens', () => {
    const refresh = (token: string, more: Record<string, string> = {}) =>
      tokens(server, {
        grant_type: 'refresh_token',
        client_id: 'app',
        refresh_token: token,
        ...more,
      });

    test('one that is used twice ends all of its family', async () => {
      const first = await signedIn(server);
      const second = await refresh(first.refresh_token);
      const replay = await refresh(first.refresh_token);
      const third = await refresh(second.refresh_token);
      expect([replay.error, third.error]).toEqual(['invalid_grant', 'invalid_grant']);
      const revoked = await world.revoked();
      expect(revoked).toEqual(
        expect.arrayContaining([first, second].map(({ access_token }) => nameOf(access_token))),
      );
    });

    test('many at the same time are a replay as well', async () => {
      const { refresh_token: token } = await signedIn(server);
      const all = await Promise.all(Array.from({ length: 6 }, () => refresh(token)));
      const winners = all.filter(({ access_token }) => access_token);
      expect(winners.length).toBeLessThanOrEqual(1);
      for (const winner of winners) {
        expect((await refresh(winner.refresh_token)).error).toBe('invalid_grant');
        expect(await world.revoked()).toContain(nameOf(winner.access_token));
      }
    });

    test('one gives no more scope than it has, and nothing to another client', async () => {
      const { refresh_token: token } = await signedIn(server, 'storage:read');
      const wider = await refresh(token, { scope: 'storage:read storage:write' });
      const other = await tokens(
        server,
        { grant_type: 'refresh_token', refresh_token: token },
        as.other,
      );
      expect([wider.error, other.error]).toEqual(['invalid_scope', 'invalid_grant']);
    });
  });

  describe('clients', () => {
    test('one gets no scope, grant or tenant that is not its own', async () => {
      const grant = { grant_type: 'client_credentials' };
      const { acme } = world.guarded.people;
      const said = [
        await tokens(server, { ...grant, scope: 'storage:write' }, as.machine),
        await tokens(server, { ...grant, scope: 'storage:read' }, as.shop),
        await tokens(server, { ...grant, client_id: 'app', scope: 'storage:read' }),
        await tokens(
          server,
          { grant_type: 'password', username: 'ann@example.test', password: 'right' },
          as.shop,
        ),
      ];
      expect(said.map(({ error }) => error)).toEqual([
        'invalid_scope',
        'invalid_request',
        'invalid_request',
        'invalid_request',
      ]);
      const asked = { ...grant, scope: 'storage:read', tenant: 'globex', resource: 'globex' };
      const { access_token } = await tokens(server, asked, as.machine);
      expect(JSON.stringify(decodeJwt(access_token))).toContain(acme.id);
      const scoped = await authorize(server, { scope: 'graphql:*', challenge: pkce().challenge });
      expect(scoped.searchParams.get('error')).toBe('invalid_scope');
    });

    test('a token of one tenant is refused at the host of another', async () => {
      const { access_token } = await tokens(
        server,
        { grant_type: 'client_credentials', scope: 'storage:read' },
        as.machine,
      );
      const answer = await check(guard.port, {
        authorization: `Bearer ${access_token}`,
        'x-tenant-host': 'globex',
      });
      expect(refusalOf(answer)).toBe('403 wrong_tenant');
    });

    test('a client of a suspended tenant gets no token', async () => {
      const { admin } = world.guarded;
      await admin.query(`update registry.tenants set status = 'suspended' where slug = 'globex'`);
      const grant = { grant_type: 'client_credentials', scope: 'storage:read' };
      const { error } = await tokens(server, grant, as.other);
      await admin.query(`update registry.tenants set status = 'active' where slug = 'globex'`);
      expect([error, typeof (await tokens(server, grant, as.other)).access_token]).toEqual([
        'invalid_grant',
        'string',
      ]);
    });

    test('wrong secrets are counted for the address that sends them', async () => {
      const grant = { grant_type: 'client_credentials', scope: 'storage:read' };
      const wrong = { basic: ['machine', 'w'.repeat(40)], address: '198.51.100.1' } as const;
      const right = { ...as.machine, address: '198.51.100.1' };
      const statuses: number[] = [];
      for (let n = 0; n < 11; n += 1) {
        statuses.push((await post(server, '/token', grant, wrong)).status);
      }
      const shut = await post(server, '/token', grant, right);
      const elsewhere = await post(server, '/token', grant, as.machine);
      expect([statuses, shut.status, elsewhere.status]).toEqual([
        [...Array<number>(10).fill(401), 429],
        429,
        200,
      ]);
      expect(Number(shut.headers['retry-after'])).toBeGreaterThan(0);
      const introspect = await post(server, '/token/introspection', { token: 'x' }, right);
      expect(introspect.status).toBe(429);
    });

    test('nobody without a secret passes for a client that has one', async () => {
      const grant = { grant_type: 'client_credentials', scope: 'storage:read' };
      const attempts = [
        await post(server, '/token', { ...grant, client_id: 'machine' }),
        await post(server, '/token', { ...grant, client_id: 'machine', client_secret: '' }),
        await post(server, '/token', grant, { basic: ['machine', 'undefined'] }),
        await post(server, '/token', { ...grant, client_id: 'shop' }, as.machine),
        await post(server, '/token', { ...grant, client_id: 'nobody', client_secret: 'x' }),
      ];
      expect(attempts.map(({ status }) => status)).toEqual([401, 401, 401, 400, 401]);
    });
  });

  describe('introspection and revocation', () => {
    const machineToken = async (): Promise<string> =>
      (
        await tokens(
          server,
          { grant_type: 'client_credentials', scope: 'storage:read' },
          as.machine,
        )
      ).access_token;

    test("tells nobody of another client's token, nor of one that was forged", async () => {
      const token = await machineToken();
      const claims = decodeJwt(token);
      const forged = forge({ alg: 'HS256' }, claims, 'another key');
      const unsigned = forge({ alg: 'none' }, claims, undefined);
      const said = [
        await post(server, '/token/introspection', { token }, as.other),
        await post(server, '/token/introspection', { token, client_id: 'app' }),
        await post(server, '/token/introspection', { token: forged }, as.machine),
        await post(server, '/token/introspection', { token: unsigned }, as.machine),
        await post(server, '/token/introspection', { token: 'nonsense' }, as.machine),
      ];
      expect(said.map(({ body }) => body)).toEqual(Array(5).fill('{"active":false}'));
    });

    test('revokes an access token: the platform is told its id and its end', async () => {
      const token = await machineToken();
      const { exp = 0 } = decodeJwt(token);
      const { status } = await post(server, '/token/revocation', { token }, as.machine);
      const { body } = await post(server, '/token/introspection', { token }, as.machine);
      const { rows } = await world.guarded.admin.query<{ until: Date }>(
        'select until from registry.revocations where name = $1',
        [nameOf(token)],
      );
      expect([status, body, rows[0]?.until.getTime()]).toEqual([
        200,
        '{"active":false}',
        exp * 1000,
      ]);
    });

    test('revokes a refresh token, and with it the access tokens that came of it', async () => {
      const made = await signedIn(server);
      const { refresh_token: token } = made;
      await post(server, '/token/revocation', { token, client_id: 'app' });
      const again = await tokens(server, {
        grant_type: 'refresh_token',
        client_id: 'app',
        refresh_token: token,
      });
      expect(again.error).toBe('invalid_grant');
      expect(await world.revoked()).toContain(nameOf(made.access_token));
      await expect.poll(() => atTheGuard(made.access_token)).toBe('401 token_revoked');
    });

    test("refuses to revoke another client's token", async () => {
      const token = await machineToken();
      const { refresh_token } = await signedIn(server);
      const said = [
        await post(server, '/token/revocation', { token }, as.other),
        await post(server, '/token/revocation', { token: refresh_token }, as.other),
        await post(server, '/token/revocation', { token, client_id: 'app' }),
      ];
      expect(said.map(({ status }) => status)).toEqual([400, 400, 400]);
      expect(await world.revoked()).not.toContain(nameOf(token));
      expect(await atTheGuard(token)).toBe('204 ');
    });

    test('a revocation that the database does not take is said to have failed, and can be tried again', async () => {
      const token = await machineToken();
      const { admin } = world.guarded;
      const grant = 'execute on function tenancy.revoke_token(uuid, timestamptz)';
      await admin.query(`revoke ${grant} from strata_oauth`);
      const failed = await post(server, '/token/revocation', { token }, as.machine);
      await admin.query(`grant ${grant} to strata_oauth`);
      const { status } = await post(server, '/token/revocation', { token }, as.machine);
      expect([failed.status, status]).toEqual([503, 200]);
      expect(await world.revoked()).toContain(nameOf(token));
    });

    test('another issuer of the platform has tokens that mean nothing here', async () => {
      const { ann } = world.guarded.people;
      const token = world.guarded.token(ann, { jti: 'x', client_id: 'machine' });
      const { body } = await post(server, '/token/introspection', { token }, as.machine);
      expect(body).toBe('{"active":false}');
    });
  });

  describe('pages', () => {
    const open = async (authorization: Parameters<typeof authorizeUrl>[0] = {}) => {
      const browser = new Browser(server.port, issuer);
      const page = await browser.open(
        authorizeUrl({ challenge: pkce().challenge, ...authorization }),
      );
      return { browser, page };
    };
    const shop = {
      client: 'shop',
      redirectUri: 'https://shop.test/back?of=us',
      scope: 'openid storage:read',
    };
    const ann = { action: 'sign-in', email: 'ann@example.test', password: 'right' };

    test('lead nowhere but where the config says', async () => {
      const places = [
        'https://evil.test/back',
        'https://app.test/back/../evil',
        'https://app.test/back?more',
        'https://app.test.evil.test/back',
        'https://app.test@evil.test/back',
        'http://app.test/back',
        'javascript:alert(1)',
        '//evil.test',
      ];
      for (const redirectUri of places) {
        const { page } = await open({ redirectUri });
        expect([page.status, page.headers.location]).toEqual([400, undefined]);
      }
      const { page } = await open({ client: 'nobody' });
      expect([page.status, page.headers.location]).toEqual([400, undefined]);
    });

    test('run nothing of what clients call themselves or send', async () => {
      const attack = '"><script>alert(1)</script>';
      const { browser, page } = await open(shop);
      const wrong = await browser.send({ ...ann, email: attack });
      const consent = await browser.send(ann);
      const error = await open({ client: attack, redirectUri: attack, scope: attack });
      for (const { body } of [page, wrong, consent, error.page]) {
        expect(body).not.toMatch(/<script|<img/);
      }
      expect(consent.body).toContain('&lt;img src=x onerror=alert(1)&gt;');
      expect(page.body).not.toContain(hostileName);
      expect(wrong.body).toContain('&quot;&gt;&lt;script&gt;');
    });

    test('are shown in no frame, keep nothing, and run no script', async () => {
      const { browser, page } = await open(shop);
      const consent = await browser.send(ann);
      const error = await ask(server.port, '/oauth/auth?client_id=nobody', {
        headers: { accept: 'text/html' },
      });
      for (const { headers } of [page, consent, error]) {
        expect(headers).toMatchObject({
          'x-frame-options': 'DENY',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        });
        const policy = String(headers['content-security-policy']);
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
      }
      // Where the form leads at last, and nowhere else.
      expect(consent.headers['content-security-policy']).toContain(
        "form-action 'self' https://shop.test;",
      );
    });

    test('the page that posts a code runs its own script alone, and shows in no frame', async () => {
      const { browser } = await open({ more: { response_mode: 'form_post' } });
      const { headers, body } = await browser.send(ann);
      expect(body).toContain('<form method="post" action="https://app.test/back">');
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch(/script-src 'none' 'sha256-[\w+/=]+'/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('form-action');
    });

    test('take a form from their own origin alone, with the cookie of the browser that began', async () => {
      const { browser } = await open(shop);
      for (const origin of ['https://evil.example.test', 'null', undefined]) {
        browser.origin = origin;
        expect((await browser.send(ann)).status).toBe(403);
      }
      browser.origin = new URL(issuer).origin;
      const thief = new Browser(server.port, issuer);
      thief.at = browser.at;
      expect((await thief.send(ann)).status).toBe(400);
      for (const [name, value] of browser.cookies) {
        thief.cookies.set(name, name.startsWith('_interaction.sig') ? 'forged' : value);
      }
      expect((await thief.send(ann)).status).toBe(400);
    });

    test('nobody gives consent for a tenant that is not theirs', async () => {
      const { browser } = await open(shop);
      await browser.send(ann);
      const { globex } = world.guarded.people;
      const answer = await browser.send({ action: 'allow', tenant: globex.id });
      expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
    });

    test('a membership that only the sessions service claims gives no token', async () => {
      const { globex, ann: person } = world.guarded.people;
      world.admit('liar@example.test', { id: person.id, role: 'admin', tenant: globex.id });
      const { verifier, challenge } = pkce();
      const to = await authorize(server, { challenge }, 'liar@example.test');
      const code = to.searchParams.get('code') ?? '';
      const { error } = await tokens(server, exchange({ code, code_verifier: verifier }));
      expect(error).toBe('invalid_grant');
    });

    test('third parties are asked about each time, and a refusal is passed on', async () => {
      const { browser } = await open(shop);
      const consent = await browser.send(ann);
      expect(consent.body).toContain('reading: storage');
      const { headers } = await browser.send({ action: 'deny' });
      const to = new URL(headers.location ?? '');
      expect([to.origin, to.searchParams.get('error'), to.searchParams.get('iss')]).toEqual([
        'https://shop.test',
        'access_denied',
        issuer,
      ]);
    });

    test('nobody stays signed in: the next one signs in as somebody else', async () => {
      const { browser } = await open();
      const first = await browser.send(ann);
      expect(first.headers.location).toContain('code=');
      const again = await browser.open(authorizeUrl({ challenge: pkce().challenge }));
      expect(again.body).toContain('name="password"');
      const second = await browser.send({ ...ann, email: 'gus@example.test' });
      expect(second.headers.location).toContain('code=');
      const silent = await browser.open(
        authorizeUrl({ challenge: pkce().challenge, more: { prompt: 'none' } }),
      );
      expect(new URL(silent.headers.location ?? '').searchParams.get('error')).toBe(
        'login_required',
      );
    });

    test('ask for the second factor, and take no wrong code', async () => {
      const { browser } = await open();
      const bob = { ...ann, email: 'bob@example.test' };
      const asked = await browser.send(bob);
      const wrong = await browser.send({ ...bob, code: '000000' });
      const right = await browser.send({ ...bob, code: '123456' });
      expect([
        asked.body.includes('name="code"'),
        wrong.status,
        right.headers.location?.includes('code='),
      ]).toEqual([true, 401, true]);
    });

    test('passwords of an account are tried five times from an address, together with the grant', async () => {
      const { acme, ann: person } = world.guarded.people;
      world.admit('target@example.test', { id: person.id, role: 'admin', tenant: acme.id });
      const { browser } = await open();
      const guess = { ...ann, email: 'Target@example.test ', password: 'guess' };
      const statuses: number[] = [];
      for (let n = 0; n < 6; n += 1) statuses.push((await browser.send(guess)).status);
      const byGrant = await post(
        server,
        '/token',
        {
          grant_type: 'password',
          client_id: 'app',
          username: 'target@example.test',
          password: 'right',
          scope: 'storage:read',
        },
        { address: '192.0.2.7' },
      );
      expect([statuses, byGrant.status]).toEqual([[401, 401, 401, 401, 401, 429], 429]);
    });

    test('many guesses at the same time are not more than one after the other', async () => {
      const guesses = Array.from({ length: 20 }, () =>
        post(
          server,
          '/token',
          {
            grant_type: 'password',
            client_id: 'app',
            username: 'nobody@example.test',
            password: 'guess',
            scope: 'storage:read',
          },
          { address: '198.51.100.9' },
        ),
      );
      const statuses = (await Promise.all(guesses)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 400)).toHaveLength(5);
    });

    test('an address that a caller makes up is not believed', async () => {
      await post(
        server,
        '/token',
        {
          grant_type: 'password',
          client_id: 'app',
          username: 'bob@example.test',
          password: 'wrong',
          scope: 'storage:read',
        },
        { address: '203.0.113.5' },
      );
      expect(world.sessions.addresses.at(-1)).toBe('203.0.113.5');
    });
  });

  describe('what is left behind', () => {
    test('Redis has no code and no refresh token, and each key has an end', async () => {
      const { code, verifier } = await codeFor(server);
      const made = await tokens(server, exchange({ code, code_verifier: verifier }));
      const { code: unused } = await codeFor(server);
      const dump = await world.guarded.redis.admin(async (redis) => {
        const keys = await redis.keys('oauth:*');
        const ttls = await Promise.all(keys.map((key) => redis.ttl(key)));
        const values = await Promise.all(
          keys.map(async (key) =>
            (await redis.type(key)) === 'zset'
              ? (await redis.zrange(key, '0', '-1')).join()
              : ((await redis.get(key)) ?? ''),
          ),
        );
        return { text: [...keys, ...values].join('\n'), endless: ttls.filter((ttl) => ttl === -1) };
      });
      for (const secret of [code, unused, made.refresh_token, made.access_token]) {
        expect(dump.text).not.toContain(secret);
      }
      expect(dump.text).not.toContain('ann@example.test');
      expect(dump.endless).toEqual([]);
    });

    test('the log has no secret, token, password, code or address of mail', async () => {
      const { code, verifier } = await codeFor(server);
      const made = await tokens(server, exchange({ code, code_verifier: verifier }));
      const secrets = [
        ...Object.values(clientSecrets),
        code,
        verifier,
        made.access_token,
        made.refresh_token,
        tokenIssuer.key,
        'ann@example.test',
      ];
      const log = server.log();
      expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
      for (const line of log.trim().split('\n'))
        expect(() => JSON.parse(line) as unknown).not.toThrow();
    });

    test('figures name grants and clients of the config, never what a caller wrote', async () => {
      await post(server, '/token', { grant_type: 'client_credentials', client_id: 'made-up-name' });
      const { body } = await ask(server.port, '/metrics');
      expect(body).toMatch(
        /strata_oauth_tokens_total\{grant="client_credentials",client="machine"\} \d+/,
      );
      expect(body).toMatch(/strata_oauth_tokens_total\{grant="authorization_code",client="app"\}/);
      expect(body).toMatch(/strata_oauth_refusals_total\{endpoint="token",reason="invalid_grant"/);
      expect(body).toMatch(/strata_oauth_revocations_total [1-9]/);
      expect(body).toMatch(/strata_oauth_sign_ins_total\{outcome="limited"\}/);
      expect(body).not.toContain('made-up-name');
    });
  });
});
