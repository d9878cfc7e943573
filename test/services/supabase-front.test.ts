import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { Agent, fetch as undiciFetch, type RequestInit } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { anonKey } from '../../components/services/anon-key';
import { guardConfig } from '../../components/services/guard';
import { postgrest } from '../../components/services/postgrest';
import type { Workload } from '../../components/services/service';
import { supabaseStorage } from '../../components/services/supabase/storage-api';
import { ask } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';
import { forge } from '../support/forge';
import { check, refusalOf } from '../support/guard/ask';
import { mutantOf } from '../support/guard/mutant';
import { startGuard, type GuardProcess, type GuardSettings } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld, issuer } from '../support/guard/world';
import { settingsOf } from '../support/platform';

const missing = noNginx ?? noRedis;
const what = "upstream's client through the gateway and the guard, to stand-ins of the services";
const title = missing ? `${what} (skipped: ${missing})` : what;

const anon = anonKey(issuer.key);

type Row = Record<string, unknown>;

/** In the place of generated types: any table, any function. */
interface Anything {
  public: {
    Tables: Record<string, { Row: Row; Insert: Row; Update: Row; Relationships: [] }>;
    Views: Record<string, never>;
    Functions: Record<string, { Args: Row; Returns: unknown }>;
  };
}

describe.skipIf(missing !== undefined)(title, () => {
  let world: GuardWorld;
  let app: StandIn;
  let names: Names;
  let gateway: Running;
  let agent: Agent;
  let guard: GuardProcess;
  let guardSettings: GuardSettings;

  beforeAll(async () => {
    world = await GuardWorld.start();
    app = await startStandIn();
    const settings = settingsOf({ target: 'docker', domain: 'example.org' });
    const behind = [
      postgrest(settings),
      ...supabaseStorage(settings).filter((each) => each.kind === 'workload'),
      service('gotrue', app.port, {
        auth: { path: '/auth/', upstreamPath: '/', access: 'token', anonKey: true },
      }),
      service('realtime', app.port, {
        realtime: {
          path: '/realtime/',
          upstreamPath: '/socket/',
          upstreamHost: 'realtime-dev',
          access: 'token',
          anonKey: true,
          websocket: true,
        },
      }),
    ].map((each): Workload => ({ ...each, port: app.port }));
    const { graphql: _, routes } = guardConfig(settings, behind);
    guardSettings = {
      config: { ...world.config(), routes },
      jwtKey: issuer.key,
      redisUrl: world.redis.url,
      databaseUrl: world.server.url('strata_guard', 'guarded'),
    };
    guard = await startGuard(guardSettings);
    const all = [service('guard', guard.port), ...behind];
    names = await startNames(Object.fromEntries(all.map(({ name }) => [name, ['127.0.0.1']])));
    gateway = await startNginx(gatewayInput(), all, { resolver: names.address });
    agent = new Agent({
      connect: {
        rejectUnauthorized: false,
        lookup: (_host, _options, done) => {
          done(null, [{ address: '127.0.0.1', family: 4 }]);
        },
      },
    });
  });
  afterAll(async () => {
    await agent.close();
    await gateway.stop();
    await guard.stop();
    names.close();
    await app.close();
    await world.stop();
  });
  afterEach(() => {
    app.asked.length = 0;
    app.answer = undefined;
  });

  class Socket extends WebSocket {
    constructor(address: string | URL) {
      super(address, {
        rejectUnauthorized: false,
        lookup: (_host, _options, done) => {
          done(null, [{ address: '127.0.0.1', family: 4 }] as never, 4);
        },
      });
    }
  }

  const client = (key: string, token?: string): SupabaseClient<Anything> =>
    createClient<Anything>(`https://example.org:${String(gateway.https)}`, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      ...(token !== undefined && { accessToken: () => Promise.resolve(token) }),
      global: {
        fetch: ((url: string, init: RequestInit) =>
          undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
      },
      realtime: { transport: Socket as never },
    });

  const reached = () =>
    app.asked.map(({ method, url, headers }) => ({
      line: `${method} ${url}`,
      authorization: headers.authorization,
      tenant: headers['x-strata-tenant'],
    }));

  test('reads and writes tables with a token, at the paths of PostgREST', async () => {
    const { ann, acme } = world.people;
    const token = world.token(ann);
    app.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('[{"id":1}]');
    const supabase = client(anon, token);
    const { data, error } = await supabase.from('notes').select('id').eq('id', 1);
    expect([data, error]).toEqual([[{ id: 1 }], null]);
    await supabase.from('notes').insert({ body: 'x' });
    await supabase.rpc('hello', { a: 1 });
    const own = { authorization: `Bearer ${token}`, tenant: acme.id };
    expect(reached()).toEqual([
      { line: 'GET /notes?select=id&id=eq.1', ...own },
      { line: 'POST /notes', ...own },
      { line: 'POST /rpc/hello', ...own },
    ]);
  });

  test('is refused tables and files without a token, in words that it understands', async () => {
    const supabase = client(anon);
    const { error } = await supabase.from('notes').select();
    expect(error).toMatchObject({
      code: 'credentials_missing',
      message: 'a valid access token or API key is required',
    });
    const listed = await supabase.storage.from('avatars').list();
    expect(listed.error?.message).toBe('a valid access token or API key is required');
    expect(app.asked).toEqual([]);
  });

  test('signs in with the anon key alone, and with a token that is no tenant yet', async () => {
    app.answer = (_request, response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"msg":"seen"}');
    const { error } = await client(anon).auth.signInWithPassword({ email: 'a@b.c', password: 'x' });
    expect(error?.message).toBe('seen');
    const homeless = forge({ alg: 'HS256' }, { sub: 'u', exp: 4_000_000_000 }, issuer.key);
    await client(anon).auth.getUser(homeless);
    expect(reached()).toEqual([
      {
        line: 'POST /token?grant_type=password',
        authorization: `Bearer ${anon}`,
        tenant: undefined,
      },
      { line: 'GET /user', authorization: `Bearer ${homeless}`, tenant: undefined },
    ]);
  });

  test('lists and links files with a token, and fetches a link without one', async () => {
    const { ann, acme } = world.people;
    const token = world.token(ann);
    app.answer = (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"signedURL":"/object/sign/b/a.txt?token=t"}');
    const files = client(anon, token).storage.from(acme.id);
    await files.list();
    const { data } = await files.createSignedUrl('a.txt', 60);
    const url = new URL(data?.signedUrl ?? '');
    await ask(gateway, url.pathname + url.search, { host: 'example.org' });
    expect(reached()).toEqual([
      { line: `POST /object/list/${acme.id}`, authorization: `Bearer ${token}`, tenant: acme.id },
      {
        line: `POST /object/sign/${acme.id}/a.txt`,
        authorization: `Bearer ${token}`,
        tenant: undefined,
      },
      { line: 'GET /object/sign/b/a.txt?token=t', authorization: undefined, tenant: undefined },
    ]);
  });

  test('opens its web socket with the key in the query, to a service that knows itself by one name', async () => {
    const port = String(gateway.https);
    const open = async (query: string): Promise<string> => {
      const socket = new Socket(`wss://example.org:${port}/realtime/v1/websocket${query}`);
      return new Promise((resolve) => {
        socket.on('open', () => {
          socket.close();
          resolve('open');
        });
        socket.on('error', ({ message }) => {
          resolve(message);
        });
      });
    };
    expect(await open(`?apikey=${anon}&vsn=2.0.0`)).toBe('open');
    const key = await world.key(world.people.ann, { scopes: ['services:*'] });
    for (const query of [
      '',
      '?apikey=',
      `?apikey=${anon}x`,
      `?apikey=${anon}&apikey=x`,
      `?apikey=${key.text}`,
    ]) {
      expect(await open(query)).toBe('Unexpected server response: 401');
    }
    await ask(gateway, `/realtime/v1/hello?apikey=${anon}`);
    expect(app.asked.map(({ url, headers }) => [url, headers.host])).toEqual([
      [`/socket/hello?apikey=${anon}`, 'realtime-dev'],
    ]);
  });

  test("works with one of the platform's API keys in the place of the anon key", async () => {
    const { ann, acme } = world.people;
    const key = await world.key(ann, { scopes: ['graphql:read'] });
    const supabase = client(key.text);
    await supabase.from('notes').select();
    const { error } = await supabase.from('notes').insert({ body: 'x' });
    expect(error).toMatchObject({ code: 'scope_missing' });
    expect(reached().map(({ line, tenant }) => [line, tenant])).toEqual([
      ['GET /notes?select=*', acme.id],
    ]);
    expect(JSON.stringify(app.asked)).not.toContain(key.text);
  });

  test.each<[string, () => Record<string, string>, number]>([
    ['nothing', () => ({}), 401],
    ['another key', () => ({ apikey: anonKey('x'.repeat(64)) }), 401],
    ['an access token as the key', () => ({ apikey: world.token(world.people.ann) }), 401],
    ['the anon key, as it is', () => ({ apikey: anon }), 200],
    ['a good token alone', () => ({ ...world.bearer(world.people.ann) }), 200],
    ['a bad token alone', () => ({ authorization: 'Bearer a.b.c' }), 401],
    [
      'a key that names no algorithm',
      () => ({
        apikey: forge(
          { alg: 'none' },
          { aud: 'strata-anon', role: 'strata_anon', iss: 'strata', exp: 4e9 },
          undefined,
        ),
      }),
      401,
    ],
  ])('at the door of sign-in, %s', async (_what, headers, status) => {
    const answer = await ask(gateway, '/auth/v1/settings', { headers: headers() });
    expect(answer.status).toBe(status);
  });

  test.each<[string, string, Record<string, string>]>([
    ['as a token at the tables', '/rest/v1/notes', { authorization: `Bearer ${anon}` }],
    ['as both at the tables', '/rest/v1/notes', { authorization: `Bearer ${anon}`, apikey: anon }],
    ['at the files', '/storage/v1/object/x', { apikey: anon }],
    ['in the query of the tables', `/rest/v1/notes?apikey=${anon}`, {}],
    ['as an API key', '/rest/v1/notes', { 'x-api-key': anon }],
  ])('the anon key opens nothing %s', async (_what, path, headers) => {
    expect((await ask(gateway, path, { headers })).status).toBe(401);
    expect(app.asked).toEqual([]);
  });

  test('a path that is two things is not opened by the anon key', async () => {
    for (const path of [
      '/auth/..%2frest/notes',
      '/auth/../rest/notes',
      '/auth%2f..%2frest/v1/notes',
    ]) {
      const { status } = await ask(gateway, path, { headers: { apikey: anon } });
      expect([400, 401, 404]).toContain(status);
    }
    expect(app.asked).toEqual([]);
  });

  test.each([
    [
      'every route takes the anon key',
      'routes.ts',
      'route?.anonKey === true',
      'true',
      '/rest/v1/notes',
    ],
    [
      'one reading of a path is enough',
      'routes.ts',
      'route) => route?.anonKey',
      'route, index) => index > 0 || route?.anonKey',
      '/auth/../rest/notes',
    ],
    [
      'any key is the anon key',
      'authenticate.ts',
      'if (await isAnonKey(text, rules)) return;',
      'return;',
      '/auth/v1/x',
    ],
  ])('a mutant is noticed: %s', async (_what, file, line, instead, uri) => {
    const program = await mutantOf(file, line, instead);
    const apikey = uri === '/auth/v1/x' ? 'forged' : anon;
    const asked = { apikey, 'x-original-uri': uri };
    const whole = refusalOf(await check(guard.port, asked));
    const mutant = await startGuard({ ...guardSettings, program });
    expect(whole).toMatch(/^401 /);
    expect(refusalOf(await check(mutant.port, asked))).toBe('204 ');
    await mutant.stop();
  });
});
