import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { Agent, fetch as undiciFetch, type RequestInit } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { guardConfig } from '../../components/services/guard';
import { realtime } from '../../components/services/realtime';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { ask } from '../support/gateway/client';
import { noRedis } from '../support/guard/redis';
import { startGuard, type GuardProcess } from '../support/guard/process';
import { issuer } from '../support/guard/world';
import { settingsOf } from '../support/platform';
import { declaration } from '../sql/support/platform';
import { Mailbox, subscribed } from '../support/realtime/channel';
import { anon, RealtimeWorld } from '../support/realtime/world';

const missing = noNginx ?? noRedis;
const what = "upstream's client through the real gateway, to the real guard and realtime";
const title = missing ? `${what} (skipped: ${missing})` : what;

/** In the place of generated types: no table is asked for. */
interface Nothing {
  public: {
    Tables: Record<string, never>;
    Views: Record<string, never>;
    Functions: Record<string, never>;
  };
}

describe.skipIf(missing !== undefined)(title, () => {
  let world: RealtimeWorld;
  let front: GuardProcess;
  let names: Names;
  let gateway: Running;
  let agent: Agent;

  const lookup = ((_host: string, _options: object, done: (...given: unknown[]) => void) => {
    done(null, [{ address: '127.0.0.1', family: 4 }]);
  }) as never;

  class Socket extends WebSocket {
    constructor(address: string | URL) {
      super(address, { rejectUnauthorized: false, lookup });
    }
  }

  beforeAll(async () => {
    world = await RealtimeWorld.start();
    const settings = settingsOf({ target: 'docker', domain: 'example.org' });
    const { port } = await world.instance();
    const behind = [{ ...realtime({ limits: settings.limits, declaration }), port }];
    const { graphql: _, routes } = guardConfig(settings, behind);
    front = await startGuard({
      config: { ...world.guarded.config(), routes },
      jwtKey: issuer.key,
      redisUrl: world.guarded.redis.url,
      databaseUrl: world.guarded.server.url('strata_guard', 'guarded'),
    });
    const all = [service('guard', front.port), ...behind];
    names = await startNames(Object.fromEntries(all.map(({ name }) => [name, ['127.0.0.1']])));
    gateway = await startNginx(gatewayInput(), all, { resolver: names.address });
    agent = new Agent({ connect: { rejectUnauthorized: false, lookup } });
  });
  afterAll(async () => {
    await agent.close();
    await gateway.stop();
    await front.stop();
    names.close();
    await world.stop();
  });

  const client = (token: string, host = 'example.org'): SupabaseClient<Nothing> =>
    createClient<Nothing>(`https://${host}:${String(gateway.https)}`, anon, {
      auth: { persistSession: false, autoRefreshToken: false },
      accessToken: () => Promise.resolve(token),
      global: {
        fetch: ((url: string, init: RequestInit) =>
          undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
      },
      realtime: { transport: Socket as never },
    });

  test('joins at /realtime/v1/, hears, and sends by HTTP', async () => {
    const { ann, bob } = world.people;
    const [speaking, listening] = [ann, bob].map((each) => client(world.guarded.token(each)));
    if (!speaking || !listening) throw new Error('there is no client');
    await Promise.all([speaking.realtime.setAuth(), listening.realtime.setAuth()]);
    const listener = listening.channel('room:1');
    const heard = new Mailbox();
    listener.on('broadcast', { event: '*' }, heard.put);
    expect(await subscribed(listener)).toBe('SUBSCRIBED');
    const speaker = speaking.channel('room:1');
    expect(await speaker.httpSend('one', { by: 'http' })).toEqual({ success: true });
    expect(await heard.next()).toEqual({
      type: 'broadcast',
      event: 'one',
      payload: { by: 'http' },
    });
    expect(await subscribed(speaker)).toBe('SUBSCRIBED');
    await speaker.send({ type: 'broadcast', event: 'two', payload: { by: 'socket' } });
    expect(await heard.next()).toMatchObject({ event: 'two', payload: { by: 'socket' } });
    await expect(speaking.channel('ticker:1').httpSend('no', {})).rejects.toThrow(
      'you may not say anything in "ticker:1"',
    );
    await Promise.all([speaking.realtime.disconnect(), listening.realtime.disconnect()]);
  });

  test("at another tenant's host nobody joins", async () => {
    const foreign = client(world.guarded.token(world.people.ann), 'globex.example.org');
    await foreign.realtime.setAuth();
    expect(await subscribed(foreign.channel('room:1'))).toContain('this is not your tenant');
    await foreign.realtime.disconnect();
  });

  test('nobody reaches by the gateway what is for inside, or opens a socket from a foreign page', async () => {
    const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const statuses = await Promise.all([
      ask(gateway, '/realtime/v1/metrics'),
      ask(gateway, '/realtime/healthz'),
      ask(gateway, '/realtime/v1/api/broadcast', { method: 'POST', body: '{}' }),
      ask(gateway, '/realtime/v1/websocket?vsn=2.0.0', {
        headers: {
          ...upgrade,
          'sec-websocket-key': 'x'.repeat(22) + '==',
          origin: 'https://evil.test',
        },
      }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 401, 403]);
  });
});
