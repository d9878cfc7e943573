import { createAPIClient } from '@nhost/nhost-js/auth';
import { createClient } from '@supabase/supabase-js';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser';
import { claimsNamespace } from '../support/forge';
import { SessionsWorld, type Kind } from '../support/sessions-world';

const password = 'correct horse';
const email = 'ann@example.org';

/** A world with one member of acme, and a page. */
async function scene(
  kind: Kind,
): Promise<{ world: SessionsWorld; acme: string; browser: Browser }> {
  const world = await SessionsWorld.start(kind);
  const port = await world.service();
  const acme = await world.tenant('acme');
  await world.member(email, [acme, 'admin']);
  world.upstream.add(email);
  return { world, acme, browser: new Browser(port) };
}

describe('nhost’s own client, through sessions before a stand-in for Hasura Auth', () => {
  let world: SessionsWorld;
  let acme: string;
  let browser: Browser;
  const base = 'https://api.example.org/auth';

  beforeAll(async () => {
    ({ world, acme, browser } = await scene('hasura-auth'));
  });
  afterAll(() => world.stop());

  /** The page's fetch in the place of the global one, as in a browser that sends cookies along. */
  const client = (token?: string) =>
    createAPIClient(base, [
      () => (url, options) =>
        browser.fetch(url, {
          ...options,
          headers: {
            ...Object.fromEntries(new Headers(options?.headers ?? {})),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
        }),
    ]);

  test('signs up, in, goes on, asks who it is, and signs out', async () => {
    const auth = client();
    const fresh = await auth.signUpEmailPassword({ email: 'new@example.org', password });
    expect(fresh.body.session).toBeNull();

    const { body } = await auth.signInEmailPassword({ email, password });
    expect(body.session).toMatchObject({
      accessTokenExpiresIn: 600,
      refreshToken: '00000000-0000-0000-0000-000000000000',
      user: { email, emailVerified: true },
    });
    const { accessToken = '', refreshToken = '' } = body.session ?? {};
    expect(decodeJwt(accessToken)).toMatchObject({
      aud: 'strata',
      role: 'strata_tenant',
      [claimsNamespace]: { 'x-hasura-tenant-id': acme, 'x-hasura-role': 'tenant_admin' },
    });
    expect((await client(accessToken).getUser()).body).toMatchObject({ email });

    const next = await auth.refreshToken({ refreshToken });
    expect(next.body.refreshToken).toBe(refreshToken);
    expect(decodeJwt(next.body.accessToken)).toMatchObject({
      session_id: decodeJwt(accessToken).session_id,
      [claimsNamespace]: { 'x-hasura-tenant-id': acme },
    });

    const user = world.upstream.users.find((one) => one.email === email);
    expect(user && world.upstream.signInsOf(user)).toBe(1);
    expect((await client(accessToken).signOut({ refreshToken })).body).toBe('OK');
    expect([browser.cookies.size, user && world.upstream.signInsOf(user)]).toEqual([0, 0]);
    await expect(auth.refreshToken({ refreshToken })).rejects.toMatchObject({ status: 401 });
    await expect(client(accessToken).getUser()).rejects.toMatchObject({ status: 401 });
  });

  test('is told what is wrong in the words of the auth service', async () => {
    await expect(client().signInEmailPassword({ email, password: 'wrong' })).rejects.toMatchObject({
      status: 401,
      body: { error: 'invalid-email-password' },
    });
  });

  test('signs out everywhere', async () => {
    const { body } = await client().signInEmailPassword({ email, password });
    const token = body.session?.accessToken ?? '';
    await client().signInEmailPassword({ email, password });
    await client(token).signOut({ all: true });
    const user = world.upstream.users.find((one) => one.email === email);
    expect(user && world.upstream.signInsOf(user)).toBe(0);
  });
});

describe('Supabase’s own client, through sessions before a stand-in for GoTrue', () => {
  let world: SessionsWorld;
  let acme: string;
  let browser: Browser;

  beforeAll(async () => {
    ({ world, acme, browser } = await scene('gotrue'));
  });
  afterAll(() => world.stop());

  const client = () =>
    createClient('https://api.example.org', 'anon-key-of-nobody', {
      global: { fetch: browser.fetch },
      auth: { autoRefreshToken: false, persistSession: false, detectSessionInUrl: false },
    });

  test('signs up, in, goes on, asks who it is, and signs out', async () => {
    const { auth } = client();
    const fresh = await auth.signUp({ email: 'new@example.org', password });
    expect([fresh.error, fresh.data.session, fresh.data.user?.email]).toEqual([
      null,
      null,
      'new@example.org',
    ]);
    const { data, error } = await auth.signInWithPassword({ email, password });
    expect([error, data.session?.refresh_token, data.session?.expires_in]).toEqual([
      null,
      'cookie',
      600,
    ]);
    const token = data.session?.access_token ?? '';
    expect(decodeJwt(token)).toMatchObject({
      email,
      role: 'strata_tenant',
      [claimsNamespace]: { 'x-hasura-tenant-id': acme },
    });
    expect((await auth.getUser()).data.user).toMatchObject({ email });

    const next = await auth.refreshSession();
    expect([next.error, next.data.session?.refresh_token]).toEqual([null, 'cookie']);
    expect(decodeJwt(next.data.session?.access_token ?? '')).toMatchObject({
      session_id: decodeJwt(token).session_id,
      [claimsNamespace]: { 'x-hasura-tenant-id': acme },
    });

    expect((await auth.signOut({ scope: 'local' })).error).toBeNull();
    expect(browser.cookies.size).toBe(0);
    expect((await auth.getUser(token)).error?.status).toBe(401);
    const user = world.upstream.users.find((one) => one.email === email);
    expect(user && world.upstream.signInsOf(user)).toBe(0);
  });

  test('is told what is wrong in the words of the auth service', async () => {
    const { error } = await client().auth.signInWithPassword({ email, password: 'wrong' });
    expect([error?.status, error?.code]).toEqual([400, 'invalid_credentials']);
  });

  test('signs other devices out and stays', async () => {
    const [one, other] = [client().auth, client().auth];
    await other.signInWithPassword({ email, password });
    await one.signInWithPassword({ email, password });
    expect((await one.signOut({ scope: 'others' })).error).toBeNull();
    const user = world.upstream.users.find((found) => found.email === email);
    expect(user && world.upstream.signInsOf(user)).toBe(1);
    expect((await one.refreshSession()).error).toBeNull();
  });
});
