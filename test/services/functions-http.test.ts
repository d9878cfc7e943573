import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forge, payload } from '../support/forge';
import { Platform, greeting, type Started } from './functions/platform';

let platform: Platform;
let http: Started;

beforeAll(async () => {
  platform = await Platform.start();
  http = await platform.run('functions', { environment: { TIMEOUT_SECONDS: '2' } });
});

afterAll(() => platform.stop());

/** Calls a function as somebody; status and body. */
async function call(
  name: string,
  who: 'ann' | 'bob' | 'gus' | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${http.url}/functions/${name}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(who && platform.bearer(platform.world[who])), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

async function projects(name: string): Promise<number> {
  const admin = await platform.server.connect('postgres', 'platform');
  const { rowCount } = await admin.query('select from app.projects where name = $1', [name]);
  await admin.end();
  return rowCount ?? 0;
}

const internal = {
  error: {
    code: 'internal',
    message: 'the function failed; its log says why, under this request id',
  },
};

describe('a function runs as its caller', () => {
  test.each(['ann', 'bob', 'gus'] as const)('%s', async (who) => {
    const { id, role, tenant } = platform.world[who];
    expect(await call('who', who, undefined, { 'x-strata-tenant': 'spoofed' })).toEqual({
      status: 200,
      body: {
        context: { tenantId: tenant, userId: id, role },
        seen: { tenant, user: id, role, notes: who === 'gus' ? 2 : 3 },
        strata: [],
      },
    });
  });

  test('and many callers at once are never taken for each other', async () => {
    const callers = (['ann', 'gus', 'bob'] as const).flatMap((who) =>
      Array<typeof who>(30).fill(who),
    );
    const answers = await Promise.all(
      callers.map(async (who) => {
        const { body } = await call('who', who);
        return (body as { seen: { user: string } }).seen.user;
      }),
    );
    expect(answers).toEqual(callers.map((who) => platform.world[who].id));
  });

  test('what it may not do it cannot do: a member makes no project', async () => {
    expect(await call('write', 'bob', { name: 'by bob' })).toEqual({ status: 500, body: internal });
    expect(await projects('by bob')).toBe(0);
  });
});

describe('who may not call is refused', () => {
  const now = Math.floor(Date.now() / 1000);
  const cases: [string, (subject: Record<string, unknown>) => string | undefined, number][] = [
    ['without a token', () => undefined, 401],
    ['with another key', (body) => forge({ alg: 'HS256' }, body, 'another'), 401],
    ['unsigned', (body) => forge({ alg: 'none' }, body, undefined), 401],
    ['by another algorithm', (body) => forge({ alg: 'HS512' }, body, platform.issuer.key), 401],
    [
      'expired',
      (body) => forge({ alg: 'HS256' }, { ...body, exp: now - 100 }, platform.issuer.key),
      401,
    ],
    [
      'for another audience',
      (body) => forge({ alg: 'HS256' }, { ...body, aud: 'x' }, platform.issuer.key),
      401,
    ],
    [
      'with a key that opens storage only',
      (body) => forge({ alg: 'HS256' }, scoped(body, 'storage:*'), platform.issuer.key),
      403,
    ],
    [
      'with a key that only writes',
      (body) => forge({ alg: 'HS256' }, scoped(body, 'functions:write'), platform.issuer.key),
      403,
    ],
    [
      'not with a key that reads',
      (body) => forge({ alg: 'HS256' }, scoped(body, 'functions:read'), platform.issuer.key),
      200,
    ],
  ];

  test.each(cases)('%s', async (_name, make, status) => {
    const { ann } = platform.world;
    const subject = { userId: ann.id, tenantId: ann.tenant, role: 'tenant_admin' };
    const made = make(payload(platform.issuer, subject));
    const headers = made === undefined ? undefined : { authorization: `Bearer ${made}` };
    expect((await call('who', undefined, undefined, headers)).status).toBe(status);
  });

  test('before it learns which functions there are', async () => {
    expect((await call('no-such-function', undefined)).status).toBe(401);
    expect((await call('no-such-function', 'ann')).status).toBe(404);
  });

  function scoped(body: Record<string, unknown>, scopes: string): Record<string, unknown> {
    const namespace = 'https://hasura.io/jwt/claims';
    return { ...body, [namespace]: { ...(body[namespace] as object), 'x-hasura-scopes': scopes } };
  }
});

describe('the transaction of a call', () => {
  test('is kept when the function answers', async () => {
    expect(await call('write', 'ann', { name: 'kept' })).toEqual({ status: 204, body: '' });
    expect(await projects('kept')).toBe(1);
  });

  test.each([
    ['throws', 'throw', 500],
    ['answers nothing', 'nothing', 500],
    ['answers although a query failed', 'swallow', 500],
    ['takes too long', 'hang', 504],
  ])(
    'is not kept when the function %s, and the caller learns nothing',
    async (_what, then, status) => {
      const { status: got, body } = await call('write', 'ann', { name: then, then });
      expect([got, JSON.stringify(body).includes('hunter2')]).toEqual([status, false]);
      expect(await projects(then)).toBe(0);
    },
  );

  test('is over for a function that goes on after its time', async () => {
    await call('write', 'ann', { name: 'late', then: 'hang' });
    await http.line(/the transaction is over/);
  });

  test('cannot be ended and begun anew as another tenant by text that became SQL', async () => {
    const { globex } = platform.world;
    const id = `'; commit; begin; select set_config('app.tenant_id', '${globex.id}', true); select name from app.projects --`;
    expect(await call('smuggle', 'ann', { id })).toEqual({ status: 500, body: internal });
  });
});

test('a public function is nobody: no tenant, no database, and the secrets that are named', async () => {
  const refusal = (name: string) => `the secret ${name} is not named in strata:functions.secrets`;
  const expected = {
    status: 200,
    body: {
      given: ['id', 'log', 'secret', 'signal'],
      method: 'POST',
      body: '"hello"',
      secret: greeting,
      others: [refusal('JWT_KEY'), refusal('PATH')],
    },
  };
  expect(await call('hook', undefined, 'hello')).toEqual(expected);
  expect(await call('hook', 'ann', 'hello')).toEqual(expected);
});
