import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Browser, json } from '../support/browser';
import { forge } from '../support/forge';
import { check, refusalOf } from '../support/guard/ask';
import { healthy, type GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';
import { issuer, SessionsWorld } from '../support/sessions-world';

const what = 'revocation by the sessions service (before a stand-in) at the real guard';
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;
const password = 'correct horse';

/** Soon enough to be called at once. */
const atOnce = { timeout: 2_000, interval: 10 };

describe.skipIf(noRedis !== undefined)(title, () => {
  let guarded: GuardWorld;
  let world: SessionsWorld;
  let guard: GuardProcess;
  let port: number;
  let names = 0;

  beforeAll(async () => {
    guarded = await GuardWorld.start();
    guard = await guarded.guard();
    world = await SessionsWorld.start('hasura-auth', guarded);
    port = await world.service({}, 'guarded');
  });
  afterAll(async () => {
    await world.stop();
    await guarded.stop();
  });
  afterEach(async () => {
    world.upstream.reset();
    guarded.wire.mend();
    await healthy(guard);
  });

  /** A member of acme with a page of his own. */
  async function person(): Promise<{ browser: Browser; email: string; userId: string }> {
    const email = `person-${String((names += 1))}@example.org`;
    world.upstream.add(email);
    const userId = await world.member(email, [guarded.people.acme.id, 'member']);
    return { browser: new Browser(port), email, userId };
  }
  const login = async (browser: Browser, email: string): Promise<string> =>
    String(json(await browser.send('/auth/login', { body: { email, password } })).accessToken);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const guardSays = (token: string) => async (): Promise<string> =>
    refusalOf(await check(guard.port, bearer(token)));
  const passes = '204 ';
  const revoked = '401 token_revoked';

  test('signing out ends the token, what was made of it, and the cookie, at once; another device stays', async () => {
    const { browser, email } = await person();
    const other = new Browser(port);
    const [token, elsewhere] = [await login(browser, email), await login(other, email)];
    const changed = json(
      await browser.send('/auth/switch', { body: { tenant: 'acme' }, headers: bearer(token) }),
    );
    const cookie = browser.cookies.get('__Host-strata-refresh') ?? '';
    expect(await guardSays(token)()).toBe(passes);
    const { status, body, headers } = await browser.send('/auth/logout', {
      headers: bearer(token),
    });
    expect([status, body]).toEqual([200, '{"signedOut":true}']);
    expect(headers['set-cookie']).toEqual([
      '__Host-strata-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict',
      '__Host-strata-tenant=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict',
    ]);
    await expect.poll(guardSays(token), atOnce).toBe(revoked);
    expect(await guardSays(String(changed.accessToken))()).toBe(revoked);
    expect(await guardSays(elsewhere)()).toBe(passes);
    browser.cookies.set('__Host-strata-refresh', cookie);
    expect((await browser.send('/auth/refresh')).status).toBe(401);
    expect((await other.send('/auth/refresh')).status).toBe(200);
  });

  test('a revoked token opens nothing at the auth service either', async () => {
    const { browser, email } = await person();
    const token = await login(browser, email);
    await browser.send('/auth/logout', { headers: bearer(token) });
    world.upstream.received.length = 0;
    const answer = await browser.send('/auth/user/password', {
      headers: bearer(token),
      body: { newPassword: 'mine now' },
    });
    expect([answer.status, world.upstream.received]).toEqual([401, []]);
    for (const path of ['/auth/me', '/auth/tenants']) {
      const { body } = await browser.send(path, { method: 'GET', headers: bearer(token) });
      expect(body).toContain('token_revoked');
    }
  });

  test('signing out everywhere ends every device, and signing in again counts', async () => {
    const { browser, email } = await person();
    const other = new Browser(port);
    const [token, elsewhere] = [await login(browser, email), await login(other, email)];
    await browser.send('/auth/logout', { headers: bearer(token), body: { all: true } });
    await expect.poll(guardSays(elsewhere), atOnce).toBe(revoked);
    expect((await other.send('/auth/refresh')).status).toBe(401);
    expect(await guardSays(await login(browser, email))()).toBe(passes);
  });

  test('what the upstream would still refresh is refused after a revocation, whatever it says', async () => {
    const { browser, email, userId } = await person();
    const token = await login(browser, email);
    // As an operator does: the upstream hears nothing of it.
    const migrator = await guarded.server.connect('strata_migrator', 'guarded');
    await migrator.query('set role strata_maintenance');
    await migrator.query('select tenancy.revoke_user($1)', [userId]);
    await expect.poll(guardSays(token), atOnce).toBe(revoked);
    const { status, body, headers } = await browser.send('/auth/refresh');
    expect([status, json({ status, body, headers }).error]).toEqual([
      401,
      { code: 'session_ended', message: 'this session was ended: sign in again' },
    ]);
    expect(guarded.people.acme.id).not.toBe('');
    expect(body).not.toContain('accessToken');
    expect(await guardSays(await login(browser, email))()).toBe(passes);
  });

  test('signing out works by the cookie alone, and while the auth service is away', async () => {
    const { browser, email } = await person();
    const token = await login(browser, email);
    const kept = new Map(browser.cookies);
    await browser.send('/auth/logout');
    await expect.poll(guardSays(token), atOnce).toBe(revoked);

    const again = await login(browser, email);
    world.upstream.instead = ({ path }) =>
      path === '/signout' ? { status: 500, body: {} } : undefined;
    const { status } = await browser.send('/auth/logout', { headers: bearer(again) });
    expect(status).toBe(200);
    for (const [name, value] of kept) browser.cookies.set(name, value);
    expect((await browser.send('/auth/refresh')).status).toBe(401);
  });

  test('the answer that two pages share is not one for a page that has signed out', async () => {
    const { browser, email } = await person();
    await login(browser, email);
    const old = new Map(browser.cookies);
    const token = String(json(await browser.send('/auth/refresh')).accessToken);
    await browser.send('/auth/logout', { headers: bearer(token) });
    for (const [name, value] of old) browser.cookies.set(name, value);
    const { status, body } = await browser.send('/auth/refresh');
    expect([status, body.includes('accessToken')]).toEqual([401, false]);
  });

  test('a token without a tenant opens nothing at the guard', async () => {
    const email = 'stranger@example.org';
    world.upstream.add(email);
    const token = await login(new Browser(port), email);
    expect(await guardSays(token)()).toBe('401 token_without_tenant');
  });

  test('a token without a tenant shows Postgres no row and enters none', async () => {
    const email = 'nobody@example.org';
    world.upstream.add(email);
    const token = await login(new Browser(port), email);
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const client = await guarded.server.connect('strata_authenticator', 'guarded');
    // As PostgREST does: the role of the token, and its claims.
    await client.query('begin');
    await client.query('set local role strata_tenant');
    await client.query("select set_config('request.jwt.claims', $1, true)", [claims]);
    expect((await client.query('select from app.notes')).rowCount).toBe(0);
    await expect(client.query("insert into app.projects (name) values ('mine')")).rejects.toThrow(
      'this session acts for no tenant',
    );
    await client.query('rollback');
  });

  test('without its ear the guard asks about each token, and refuses when it cannot', async () => {
    const { browser, email } = await person();
    const token = await login(browser, email);
    expect(await guardSays(token)()).toBe(passes);
    // The ear is taken away, the way to ask is left.
    await guarded.admin.query('revoke execute on function tenancy.revocations() from strata_guard');
    await guarded.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guard-listener'`,
    );
    await browser.send('/auth/logout', { headers: bearer(token) });
    await expect
      .poll(guardSays(token), atOnce)
      .toMatch(/^(?:401 token_revoked|503 registry_unavailable)$/);
    await guarded.admin.query('grant execute on function tenancy.revocations() to strata_guard');
    await expect.poll(guardSays(token), { timeout: 5_000, interval: 20 }).toBe(revoked);
    guarded.wire.cut();
    const fresh = forge(
      { alg: 'HS256' },
      {
        ...JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()),
        jti: randomUUID(),
      },
      issuer.key,
    );
    expect(await guardSays(fresh)()).toBe('503 registry_unavailable');
  });

  test('what is said on the channel by somebody else revokes nothing', async () => {
    const { browser, email, userId } = await person();
    const token = await login(browser, email);
    const app = await guarded.server.connect('strata_app', 'guarded');
    for (const said of ['revocations', `revoked:${userId}`, userId, '']) {
      await app.query("select pg_notify('strata_guard', $1)", [said]);
    }
    expect(await guardSays(token)()).toBe(passes);
  });
});
