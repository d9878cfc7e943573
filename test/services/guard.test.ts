import { randomUUID } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyText } from '../../components/services/images/guard/key';
import type { Person } from '../sql/support/world';
import { claimsNamespace, forge, payload } from '../support/forge';
import { ask, check, refusalOf } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld, issuer } from '../support/guard/world';

const title = noRedis ? `the guard's door /check (skipped: ${noRedis})` : "the guard's door /check";

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let guard: GuardProcess;

  beforeAll(async () => {
    world = await GuardWorld.start();
    guard = await world.guard();
  });
  afterAll(() => world.stop());

  type Headers = Record<string, string>;
  const says = async (headers: Headers): Promise<string> =>
    refusalOf(await check(guard.port, headers));
  const passes = '204 ';

  test('lets a token through and says whose it is', async () => {
    const { ann, acme } = world.people;
    const token = world.token(ann);
    const { status, headers } = await check(guard.port, { authorization: `bearer ${token}` });
    const { date: _, connection: __, 'ratelimit-remaining': ___, ...rest } = headers;
    expect({ status, ...rest }).toEqual({
      status: 204,
      'x-strata-authorization': `Bearer ${token}`,
      'x-strata-tenant': acme.id,
      'x-strata-user': ann.id,
      'x-strata-role': 'tenant_admin',
      'x-strata-scopes': '',
      'ratelimit-limit': '1000000',
      'ratelimit-reset': '60',
    });
  });

  test('makes an ordinary token of an API key, for a minute, with its scopes', async () => {
    const { ann, acme } = world.people;
    const key = await world.key(ann, { scopes: ['storage:read', 'graphql:*'], role: 'member' });
    const { status, headers } = await check(guard.port, { 'x-api-key': key.text });
    expect(status).toBe(204);
    const token = String(headers['x-strata-authorization']).replace('Bearer ', '');
    const secret = new TextEncoder().encode(issuer.key);
    const { payload: claims } = await jwtVerify(token, secret, issuer);
    const { iat = 0, exp = 0, ...rest } = claims;
    expect(exp - iat).toBe(60);
    expect(rest).toEqual({
      iss: 'strata',
      aud: 'strata',
      sub: ann.id,
      role: 'strata_tenant',
      [claimsNamespace]: {
        'x-hasura-user-id': ann.id,
        'x-hasura-tenant-id': acme.id,
        'x-hasura-default-role': 'tenant_member',
        'x-hasura-allowed-roles': ['tenant_member'],
        'x-hasura-role': 'tenant_member',
        'x-hasura-scopes': 'storage:read graphql:*',
      },
    });
    expect(headers).toMatchObject({
      'x-strata-tenant': acme.id,
      'x-strata-user': ann.id,
      'x-strata-role': 'tenant_member',
      'x-strata-scopes': 'storage:read graphql:*',
    });
  });

  test('the token of an API key opens no more than the key, wherever it turns up', async () => {
    const key = await world.key(world.people.ann, { scopes: ['storage:read'] });
    const { headers } = await check(guard.port, { 'x-api-key': key.text });
    const authorization = String(headers['x-strata-authorization']);
    expect(await says({ authorization })).toBe(passes);
    expect(await says({ authorization, 'x-original-method': 'PUT' })).toBe('403 scope_missing');
    expect(await says({ authorization, 'x-original-uri': '/functions/a' })).toBe(
      '403 scope_missing',
    );
  });

  test('no token lives longer than the key that it is made for', async () => {
    const key = await world.key(world.people.ann, { seconds: 20 });
    const { headers } = await check(guard.port, { 'x-api-key': key.text });
    const { exp = 0 } = decodeJwt(String(headers['x-strata-authorization']).replace('Bearer ', ''));
    expect(exp).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 20);
  });

  const good = (): Record<string, unknown> => payload(issuer, subject(world.people.ann));
  const signed = (
    claims: Record<string, unknown>,
    header: object = {},
    key = issuer.key,
  ): Headers => ({
    authorization: `Bearer ${forge({ alg: 'HS256', ...header }, claims, key)}`,
  });
  const now = Math.floor(Date.now() / 1000);
  const session = (changes: Record<string, unknown>): Record<string, unknown> => ({
    ...good(),
    [claimsNamespace]: { ...(good()[claimsNamespace] as object), ...changes },
  });

  test.each<[string, () => Headers, string]>([
    ['nothing', () => ({}), '401 credentials_missing'],
    ['empty headers', () => ({ authorization: '', 'x-api-key': '' }), '401 credentials_missing'],
    ['another scheme', () => ({ authorization: 'Basic YTpi' }), '401 token_invalid'],
    ['no token', () => ({ authorization: 'Bearer ' }), '401 token_invalid'],
    ['nonsense', () => ({ authorization: 'Bearer a.b.c' }), '401 token_invalid'],
    [
      'two tokens',
      () => ({ authorization: `${world.bearer(world.people.ann).authorization}, Bearer x.y.z` }),
      '401 token_invalid',
    ],
    [
      'an API key as a token',
      () => ({ authorization: `Bearer strata_${'0'.repeat(32)}_${'0'.repeat(72)}` }),
      '401 token_invalid',
    ],
    [
      'alg none',
      () => ({ authorization: `Bearer ${forge({ alg: 'none' }, good(), undefined)}` }),
      '401 token_invalid',
    ],
    ['alg none, signed', () => signed(good(), { alg: 'none' }), '401 token_invalid'],
    ['alg None', () => signed(good(), { alg: 'None' }), '401 token_invalid'],
    ['another algorithm', () => signed(good(), { alg: 'HS512' }), '401 token_invalid'],
    ['an algorithm of public keys', () => signed(good(), { alg: 'RS256' }), '401 token_invalid'],
    ['another key', () => signed(good(), {}, 'x'.repeat(64)), '401 token_invalid'],
    ['an empty key', () => signed(good(), {}, ''), '401 token_invalid'],
    [
      'a key by its place',
      () => signed(good(), { kid: '../../dev/null' }, ''),
      '401 token_invalid',
    ],
    [
      'a key of its own',
      () => signed(good(), { jwk: { kty: 'oct', k: 'eA' } }, 'x'),
      '401 token_invalid',
    ],
    [
      'a key at an address',
      () => signed(good(), { jku: 'http://127.0.0.1:9/' }, 'x'),
      '401 token_invalid',
    ],
    ['a critical header', () => signed(good(), { crit: ['x'], x: 1 }), '401 token_invalid'],
    [
      'an unencoded payload',
      () => signed(good(), { b64: false, crit: ['b64'] }),
      '401 token_invalid',
    ],
    ['a token that has ended', () => signed({ ...good(), exp: now - 1 }), '401 token_expired'],
    ['no end', () => signed({ ...good(), exp: undefined }), '401 token_invalid'],
    [
      'an end that is text',
      () => signed({ ...good(), exp: String(now + 900) }),
      '401 token_invalid',
    ],
    ['not yet', () => signed({ ...good(), nbf: now + 900 }), '401 token_invalid'],
    ['another issuer', () => signed({ ...good(), iss: 'evil' }), '401 token_invalid'],
    ['another audience', () => signed({ ...good(), aud: 'other' }), '401 token_invalid'],
    ['no subject', () => signed({ ...good(), sub: undefined }), '401 token_invalid'],
    [
      'no session',
      () => signed({ ...good(), [claimsNamespace]: undefined }),
      '401 token_without_tenant',
    ],
    [
      "Hasura's admin",
      () => signed(session({ 'x-hasura-role': 'admin' })),
      '401 token_without_tenant',
    ],
    [
      'a tenant that is SQL',
      () => signed(session({ 'x-hasura-tenant-id': "' or true --" })),
      '401 token_without_tenant',
    ],
    [
      'a list of tenants',
      () => signed(session({ 'x-hasura-tenant-id': [randomUUID()] })),
      '401 token_without_tenant',
    ],
    [
      'scopes in a list',
      () => signed(session({ 'x-hasura-scopes': ['storage:*'] })),
      '401 token_without_tenant',
    ],
    ['a long token', () => signed({ ...good(), x: 'x'.repeat(4000) }), '401 token_invalid'],
    [
      'a tenant that nobody has',
      () => signed(session({ 'x-hasura-tenant-id': randomUUID() })),
      '403 wrong_tenant',
    ],
    [
      'a token in the header of keys',
      () => ({ 'x-api-key': world.token(world.people.ann) }),
      '401 key_invalid',
    ],
    [
      'a key of nobody',
      () => ({ 'x-api-key': keyText(randomUUID(), Buffer.alloc(32)) }),
      '401 key_invalid',
    ],
    ['a control: what all of these were made from', () => signed(good()), passes],
    [
      'a control: the same, with a key id that says nothing',
      () => signed(good(), { kid: 'x' }),
      passes,
    ],
  ])('%s', async (_what, headers, expected) => {
    expect(await says(headers())).toBe(expected);
  });

  test('a token and a key together are neither', async () => {
    const key = await world.key(world.people.gus);
    const both = { ...world.bearer(world.people.ann), 'x-api-key': key.text };
    expect(await says(both)).toBe('401 credentials_ambiguous');
  });

  test("a key with another key's secret, and one with a wrong check, are none", async () => {
    const [one, two] = [await world.key(world.people.ann), await world.key(world.people.gus)];
    const mixed = one.text.slice(0, 40) + two.text.slice(40);
    const wrong = one.text.slice(0, -1) + (one.text.endsWith('0') ? '1' : '0');
    for (const text of [
      mixed,
      wrong,
      `${one.text}0`,
      one.text.toUpperCase(),
      `${one.text}, ${one.text}`,
    ]) {
      expect(await says({ 'x-api-key': text })).toBe('401 key_invalid');
    }
    expect(await says({ 'x-api-key': one.text })).toBe(passes);
  });

  test.each<[string, (names: { acme: string; globex: string }) => Headers, string]>([
    ['the slug in the host', () => ({ 'x-tenant-host': 'acme' }), passes],
    ['the slug in the path', () => ({ 'x-tenant-path': 'acme' }), passes],
    ['the slug in the header', () => ({ 'x-tenant': 'acme' }), passes],
    ['the slug in capitals', () => ({ 'x-tenant': 'ACME' }), passes],
    ['the id', ({ acme }) => ({ 'x-tenant': acme }), passes],
    ['the id in capitals', ({ acme }) => ({ 'x-tenant': acme.toUpperCase() }), passes],
    [
      'all three',
      ({ acme }) => ({ 'x-tenant-host': 'acme', 'x-tenant-path': 'acme', 'x-tenant': acme }),
      passes,
    ],
    ['empty names', () => ({ 'x-tenant-host': '', 'x-tenant-path': '', 'x-tenant': '' }), passes],
    ["another's slug in the host", () => ({ 'x-tenant-host': 'globex' }), '403 wrong_tenant'],
    ["another's slug in the path", () => ({ 'x-tenant-path': 'globex' }), '403 wrong_tenant'],
    ["another's slug in the header", () => ({ 'x-tenant': 'globex' }), '403 wrong_tenant'],
    ["another's id", ({ globex }) => ({ 'x-tenant': globex }), '403 wrong_tenant'],
    ['a slug that nobody has', () => ({ 'x-tenant': 'nobody' }), '403 wrong_tenant'],
    ['an id that nobody has', () => ({ 'x-tenant': randomUUID() }), '403 wrong_tenant'],
    [
      'two that differ',
      () => ({ 'x-tenant-host': 'acme', 'x-tenant': 'globex' }),
      '403 wrong_tenant',
    ],
    ['two in one header', () => ({ 'x-tenant': 'acme, globex' }), '403 wrong_tenant'],
    ['the same twice in one header', () => ({ 'x-tenant': 'acme, acme' }), '403 wrong_tenant'],
    ['the slug with something behind', () => ({ 'x-tenant': 'acme%00' }), '403 wrong_tenant'],
    ['a wildcard', () => ({ 'x-tenant': '*' }), '403 wrong_tenant'],
  ])('a tenant named by %s', async (_what, headers, expected) => {
    const { ann, acme, globex } = world.people;
    const names = headers({ acme: acme.id, globex: globex.id });
    expect(await says({ ...world.bearer(ann), ...names })).toBe(expected);
    const key = await world.key(ann);
    expect(await says({ 'x-api-key': key.text, ...names })).toBe(expected);
  });

  test("a slug that looks like another tenant's id opens nothing of it", async () => {
    const { globex } = world.people;
    // The registry lets nobody have one: the guard must not rest on that alone.
    await world.admin.query('alter table registry.tenants drop constraint tenants_slug_is_no_id');
    const eve = await world.newcomer(globex.id);
    expect(await says({ ...world.bearer(eve), 'x-tenant': globex.id })).toBe('403 wrong_tenant');
    expect(await says({ ...world.bearer(eve), 'x-tenant': eve.tenant })).toBe(passes);
  });

  test("another's tenant and nobody's are refused in the same words", async () => {
    const answers = await Promise.all(
      ['globex', 'nobody', randomUUID()].map((name) =>
        check(guard.port, { ...world.bearer(world.people.ann), 'x-tenant': name }),
      ),
    );
    const words = answers.map(({ status, headers: { date: _, ...headers }, body }) => ({
      status,
      headers,
      body,
    }));
    expect([words[1], words[2]]).toEqual([words[0], words[0]]);
  });

  test.each<[string, string[], Headers, string]>([
    ['reads', ['storage:read'], {}, passes],
    ['reads with HEAD', ['storage:read'], { 'x-original-method': 'HEAD' }, passes],
    ['writes', ['storage:write'], { 'x-original-method': 'PUT' }, passes],
    ['does both', ['storage:*'], { 'x-original-method': 'DELETE' }, passes],
    [
      'calls a function',
      ['functions:write'],
      { 'x-original-method': 'POST', 'x-original-uri': '/functions/a' },
      passes,
    ],
    ['uses a service of its own', ['services:read'], { 'x-original-uri': '/shop/a' }, passes],
    ['uses another host', ['services:read'], { 'x-original-host': 'cdn.example.org' }, passes],
    ['reads with the right to write', ['storage:write'], {}, '403 scope_missing'],
    [
      'writes with the right to read',
      ['storage:read'],
      { 'x-original-method': 'POST' },
      '403 scope_missing',
    ],
    [
      'writes with a method in small letters',
      ['storage:read'],
      { 'x-original-method': 'post' },
      '403 scope_missing',
    ],
    [
      'writes with a method of its own',
      ['storage:read'],
      { 'x-original-method': 'GETX' },
      '403 scope_missing',
    ],
    ['sends no method', ['storage:read'], { 'x-original-method': '' }, '403 scope_missing'],
    ['leaves its area', ['storage:*'], { 'x-original-uri': '/functions/a' }, '403 scope_missing'],
    [
      'leaves it by dots',
      ['storage:*'],
      { 'x-original-uri': '/storage/../functions/a' },
      '403 scope_missing',
    ],
    [
      'leaves it by hidden dots',
      ['storage:*'],
      { 'x-original-uri': '/storage/%2e%2e/functions/a' },
      '403 scope_missing',
    ],
    [
      'leaves it by a hidden slash',
      ['storage:*'],
      { 'x-original-uri': '/storage/..%2ffunctions/a' },
      '403 scope_missing',
    ],
    [
      'names a route in the query',
      ['storage:*'],
      { 'x-original-uri': '/other?/storage/' },
      '403 scope_missing',
    ],
    [
      'leaves it by a host',
      ['storage:*'],
      { 'x-original-host': 'cdn.example.org' },
      '403 scope_missing',
    ],
    [
      'goes where no route is',
      ['storage:*', 'functions:*', 'services:*', 'graphql:*'],
      { 'x-original-uri': '/x' },
      '403 scope_missing',
    ],
  ])('a key that %s', async (_what, scopes, headers, expected) => {
    const key = await world.key(world.people.ann, { scopes });
    expect(await says({ 'x-api-key': key.text, ...headers })).toBe(expected);
  });

  test('answers as nginx understands: 401 and 403, with what the client gets beside it', async () => {
    const missing = await check(guard.port, {});
    expect([missing.status, missing.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(JSON.parse(missing.body)).toEqual({
      error: { code: 'credentials_missing', message: expect.any(String) as string },
    });
    const wrong = await check(guard.port, { ...world.bearer(world.people.ann), 'x-tenant': 'x' });
    expect([
      wrong.status,
      wrong.headers['x-strata-status'],
      wrong.headers['x-strata-reason'],
    ]).toEqual([403, '403', 'wrong_tenant']);
    expect(wrong.headers).not.toHaveProperty('x-strata-authorization');
  });

  test.each(['/', '/graphql/', '/check/', '/CHECK', '//check', '/healthz/x', '/admin'])(
    'there is nothing at %s',
    async (path) => {
      const answer = await ask(guard.port, path, { headers: world.bearer(world.people.ann) });
      expect(answer.headers['x-strata-reason']).toBe('not_found');
      expect(answer.status).toBe(403);
    },
  );

  test('counts what it refuses, by reason and tenant, and names no tenant that is none', async () => {
    const { body } = await ask(guard.port, '/metrics');
    expect(body).toMatch(
      /strata_guard_refusals_total\{door="check",reason="wrong_tenant",tenant="acme"\} \d+/,
    );
    expect(body).toMatch(
      /strata_guard_refusals_total\{door="check",reason="token_invalid",tenant=""\} \d+/,
    );
    expect(body).toMatch(
      /strata_guard_requests_total\{door="check",outcome="passed",tenant="acme"\} \d+/,
    );
    const named = new Set([...body.matchAll(/tenant="([^"]*)"/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual(['', 'acme', world.people.globex.id].sort());
  });

  test('writes a line for what it refuses, without any token, key or query', async () => {
    const { ann } = world.people;
    const key = await world.key(ann, { scopes: ['functions:read'] });
    await check(guard.port, {
      'x-api-key': key.text,
      'x-original-uri': '/storage/a?token=hidden',
      'x-request-id': 'r-1',
    });
    await expect.poll(() => guard.log()).toContain('r-1');
    const lines = guard
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const {
      time: _,
      milliseconds: __,
      ...line
    } = lines.find(({ request }) => request === 'r-1') ?? {};
    expect(line).toEqual({
      level: 'info',
      door: 'check',
      request: 'r-1',
      tenant: 'acme',
      user: ann.id,
      method: 'GET',
      path: '/storage/a',
      status: 403,
      reason: 'scope_missing',
    });
    expect(guard.log()).not.toMatch(/eyJ|strata_[0-9a-f]{8}|hidden|kkkk|not-a-real-password/);
  });
});

function subject({ tenant, id, role }: Person): { tenantId: string; userId: string; role: string } {
  return { tenantId: tenant, userId: id, role: `tenant_${role}` };
}
