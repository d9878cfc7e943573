import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noRedis } from '../support/guard/redis';
import { ask } from '../support/guard/ask';
import type { RealtimeProcess } from '../support/realtime/process';
import { RawSocket } from '../support/realtime/raw';
import { anon, RealtimeWorld } from '../support/realtime/world';

const what = 'attacks on realtime, with the real guard, Postgres and Redis';
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: RealtimeWorld;
  let one: RealtimeProcess;
  let open: RawSocket[] = [];

  beforeAll(async () => {
    world = await RealtimeWorld.start();
    one = await world.instance();
  });
  afterAll(async () => {
    await world.stop();
  });
  afterEach(() => {
    for (const socket of open) socket.close();
    open = [];
  });

  const socket = async (query?: string, { port } = one): Promise<RawSocket> => {
    const opened = await RawSocket.open(port, query);
    open.push(opened);
    return opened;
  };
  const token = (who: 'ann' | 'bob' | 'gus' | 'hal', claims?: Record<string, unknown>): string =>
    world.guarded.token(world.people[who], claims);
  const say = (topic: string, event = 'x', joinRef = '1'): Parameters<RawSocket['ask']>[0] => [
    joinRef,
    '2',
    topic,
    'broadcast',
    { type: 'broadcast', event, payload: {} },
  ];

  test('nobody joins with what is no credential, and hears heartbeats alone', async () => {
    const nobody = await socket();
    expect(await nobody.ask([null, '1', 'phoenix', 'heartbeat', {}])).toBe('ok');
    for (const [shown, code] of [
      [undefined, 'credentials_missing'],
      [anon, 'credentials_missing'],
      ['nonsense', 'token_invalid'],
      [`${token('ann').slice(0, -2)}xx`, 'token_invalid'],
      [token('ann', { exp: 1 }), 'token_expired'],
    ] as const) {
      expect(await nobody.join('realtime:room:1', shown)).toBe(code);
    }
    expect(await nobody.ask(say('realtime:room:1'))).toBe('not_joined');
  });

  test("another tenant's channel of the same name is another one, whatever is written into it", async () => {
    const { acme } = world.people;
    const [ann, gus] = [await socket(), await socket()];
    const names = ['room:1', `room:${acme.id}:room:1`, `room:../${acme.id}`];
    for (const name of names) {
      const config = { presence: { enabled: true, key: 'k' }, broadcast: { ack: true } };
      expect(await ann.join(`realtime:${name}`, token('ann'), config)).toBe('ok');
      expect(await gus.join(`realtime:${name}`, token('gus'), config)).toBe('ok');
      expect(await gus.ask(say(`realtime:${name}`))).toBe('ok');
      const track = { type: 'presence', event: 'track', payload: { of: 'globex' } };
      expect(await gus.ask(['1', '3', `realtime:${name}`, 'presence', track])).toBe('ok');
    }
    // What one says itself comes back on the same way, behind all that was said before.
    const own = { broadcast: { ack: true, self: true } };
    expect(await ann.join('realtime:room:1', token('ann'), own)).toBe('ok');
    expect(await ann.ask(say('realtime:room:1', 'last'))).toBe('ok');
    expect(JSON.stringify(ann.heard.all)).not.toContain('globex');
    expect(ann.heard.all.filter(([, , , event]) => event === 'presence_diff')).toEqual([]);
  });

  test.each([
    ['bob', 'ops:1', 'channel_refused', undefined],
    ['bob', 'undeclared', 'channel_refused', undefined],
    ['bob', '__proto__', 'channel_refused', undefined],
    ['bob', 'room:', 'ok', 'ok'],
    ['bob', 'room*', 'channel_refused', undefined],
    ['bob', 'news', 'ok', 'sending_refused'],
    ['ann', 'news', 'ok', 'ok'],
    ['ann', 'ticker:1', 'ok', 'sending_refused'],
    ['bob', 'a\nb', 'channel_invalid', undefined],
    ['bob', '', 'channel_invalid', undefined],
    // What Redis and messages of bytes would read as another name.
    ['bob', 'room:\ud800', 'channel_invalid', undefined],
    ['bob', `room:${'ü'.repeat(98)}`, 'channel_invalid', undefined],
  ] as const)('%s joins "%s": %s, and sends: %s', async (who, name, joined, sent) => {
    const client = await socket();
    const config = { broadcast: { ack: true } };
    expect(await client.join(`realtime:${name}`, token(who), config)).toBe(joined);
    if (sent !== undefined) expect(await client.ask(say(`realtime:${name}`))).toBe(sent);
  });

  test("a user's own channel is heard by that user alone; an admin may only write there", async () => {
    const { bob } = world.people;
    const [own, admin] = [await socket(), await socket()];
    const topic = `realtime:user:${bob.id}`;
    const self = { broadcast: { self: true, ack: true } };
    expect(await own.join(topic, token('bob'))).toBe('ok');
    expect(await admin.join(topic, token('ann'), self)).toBe('ok');
    expect(await admin.ask(say(topic, 'for bob'))).toBe('ok');
    for (;;) if ((await own.heard.next())[3] === 'broadcast') break;
    expect(admin.heard.all.map(([, , , event]) => event)).not.toContain('broadcast');
  });

  test('a message of another join of the channel, or of another topic, belongs nowhere', async () => {
    const client = await socket();
    expect(await client.join('realtime:room:1', token('ann'))).toBe('ok');
    expect(await client.ask(say('realtime:room:1', 'x', '7'))).toBe('not_joined');
    expect(await client.ask(say('realtime:room:2'))).toBe('not_joined');
    expect(await client.ask(['1', '4', 'realtime:room:1', 'phx_error', {}])).toBe('event_unknown');
  });

  test('keys of prototypes are texts like others', async () => {
    const client = await socket();
    const config = { presence: { key: '__proto__', enabled: true } };
    expect(await client.join('realtime:room:1', token('ann'), config)).toBe('ok');
    const says = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":1,"phx_ref":"forged"}',
    ) as object;
    const track = { type: 'presence', event: 'track', payload: says };
    expect(await client.ask(['1', '5', 'realtime:room:1', 'presence', track])).toBe('ok');
    for (;;) {
      const [, , , event, payload] = await client.heard.next();
      if (event !== 'presence_diff') continue;
      expect(JSON.stringify(payload)).toContain('"__proto__":{"metas"');
      expect(JSON.stringify(payload)).not.toContain('forged');
      break;
    }
  });

  test.each([
    ['text that is no JSON', '{'],
    ['an object, of the other version', '{"topic":"phoenix","event":"heartbeat","payload":{}}'],
    ['bytes of no kind', Buffer.from([9, 0, 0, 0, 0, 0, 0])],
    ['bytes that say more than they are', Buffer.from([3, 255, 255, 255, 255, 0, 1])],
    ['bytes that are no UTF-8', Buffer.from([3, 0, 0, 1, 1, 0, 1, 0xff, 0xff])],
    ['nothing', Buffer.alloc(0)],
  ] as const)('%s ends the socket', async (_what, data) => {
    const client = await socket();
    client.raw.send(data);
    expect(await client.ended).toMatch(/^4400 /);
  });

  test('what is larger than a message may be ends the socket', async () => {
    const client = await socket();
    client.raw.send('x'.repeat(100_001));
    expect(await client.ended).toMatch(/^1009/);
  });

  test.each([
    ['?vsn=3.0.0', 400],
    ['?vsn=2.0.0&apikey=strata_x', 400],
  ] as const)('an upgrade with %s is answered by %i', async (query, status) => {
    await expect(RawSocket.open(one.port, query)).rejects.toThrow(String(status));
  });

  test('who sends too much in a second is refused, and so is one channel too many', async () => {
    const strict = await world.instance({
      sockets: { channels: 2 },
      messages: { perSecond: { socket: 3, tenant: 1000 } },
    });
    const client = await socket(undefined, strict);
    expect(await client.join('realtime:room:1', token('ann'), { broadcast: { ack: true } })).toBe(
      'ok',
    );
    const said: string[] = [];
    for (let n = 0; n < 20; n += 1) said.push(await client.ask(say('realtime:room:1')));
    expect(said).toContain('rate_limited');
    expect(await client.join('realtime:room:2', token('ann'))).toBe('ok');
    expect(await client.join('realtime:room:3', token('ann'))).toBe('channels_limited');
  });

  test('sockets of a user are counted over all instances', async () => {
    const limited = { sockets: { perUser: 1 } };
    const [a, b] = await Promise.all([world.instance(limited), world.instance(limited)]);
    const [first, second] = [await socket(undefined, a), await socket(undefined, b)];
    expect(await first.join('realtime:room:1', token('hal'))).toBe('ok');
    expect(await second.join('realtime:room:1', token('hal'))).toBe('sockets_limited');
    first.close();
    await expect.poll(() => second.join('realtime:room:1', token('hal'))).toBe('ok');
  });

  test('a channel ends with its token, and the socket with it', async () => {
    const client = await socket();
    const ends = Math.floor(Date.now() / 1000) + 5;
    expect(await client.join('realtime:room:1', token('ann', { exp: ends }))).toBe('ok');
    expect(await client.ended).toBe('4403 the access token has expired');
    const events = client.heard.all.map(([, , , event]) => event);
    expect(events.slice(-2)).toEqual(['system', 'phx_close']);
  });

  test('a newer token keeps it; one that does not count ends the channel', async () => {
    const client = await socket();
    const ends = Math.floor(Date.now() / 1000) + 5;
    const topic = 'realtime:room:1';
    expect(
      await client.join(topic, token('ann', { exp: ends }), { broadcast: { ack: true } }),
    ).toBe('ok');
    client.raw.send(
      JSON.stringify(['1', '8', topic, 'access_token', { access_token: token('ann') }]),
    );
    await expect.poll(() => Date.now() / 1000 > ends + 0.5, { timeout: 20_000 }).toBe(true);
    expect(await client.ask(say(topic))).toBe('ok');
    client.raw.send(JSON.stringify(['1', '9', topic, 'access_token', { access_token: 'x' }]));
    for (;;) if ((await client.heard.next())[3] === 'phx_close') break;
    expect(await client.ask(say(topic))).toBe('not_joined');
  });

  test('who signs in as somebody else over a socket leaves what the former one had joined', async () => {
    const client = await socket();
    expect(await client.join('realtime:ops:1', token('ann'))).toBe('ok');
    expect(await client.join('realtime:room:1', token('gus'))).toBe('ok');
    expect(await client.ask(say('realtime:ops:1'))).toBe('not_joined');
  });

  test('what one could do as an admin ends with it, in channels that were joined before too', async () => {
    const { admin } = world.guarded;
    const { ann } = world.people;
    const config = { broadcast: { ack: true } };
    const person = await socket();
    expect(await person.join('realtime:ops:1', token('ann'), config)).toBe('ok');
    const lesser = world.guarded.token({ ...ann, role: 'member' });
    expect(await person.join('realtime:room:1', lesser)).toBe('ok');
    expect(await person.ask(say('realtime:ops:1'))).toBe('not_joined');

    const program = await socket();
    const key = await world.guarded.key(ann, { scopes: ['services:*'], role: 'admin' });
    expect(await program.join('realtime:ops:1', key.text, config)).toBe('ok');
    const become = (role: string): Promise<unknown> =>
      admin.query('update registry.members set role = $1 where user_id = $2', [role, ann.id]);
    await become('member');
    await expect
      .poll(() => program.ask(say('realtime:ops:1')), { timeout: 10_000 })
      .toBe('not_joined');
    await become('admin');
  });

  test('whose token is revoked, or whose tenant is suspended, is put out at once', async () => {
    const { admin, server } = world.guarded;
    const sessions = await server.connect('strata_sessions', 'guarded');
    const [revoked, suspended] = [await socket(), await socket()];
    expect(await revoked.join('realtime:room:1', token('bob'))).toBe('ok');
    expect(await suspended.join('realtime:room:1', token('gus'))).toBe('ok');
    const began = performance.now();
    await sessions.query('select tenancy.revoke_user($1)', [world.people.bob.id]);
    expect(await revoked.ended).toMatch(/^4403 /);
    await admin.query("update registry.tenants set status = 'suspended' where slug = 'globex'");
    expect(await suspended.ended).toMatch(/^4403 /);
    expect(performance.now() - began).toBeLessThan(10_000);
    await admin.query("update registry.tenants set status = 'active' where slug = 'globex'");
  });

  test('an event whose length no message of bytes can tell is none', async () => {
    const client = await socket();
    expect(await client.join('realtime:room:1', token('ann'), { broadcast: { ack: true } })).toBe(
      'ok',
    );
    expect(await client.ask(say('realtime:room:1', 'ü'.repeat(128)))).toBe('message_invalid');
    expect(await client.ask(say('realtime:room:1', 'ü'.repeat(127)))).toBe('ok');
  });

  test('by HTTP nobody sends who may not, nothing of a batch when one is refused', async () => {
    const post = async (authorization: string, messages: object[]): Promise<number> => {
      const headers = { authorization, 'content-type': 'application/json' };
      const body = JSON.stringify({ messages });
      return (await ask(one.port, '/realtime/api/broadcast', { method: 'POST', headers, body }))
        .status;
    };
    const message = (topic: string): object => ({ topic, event: 'x', payload: { from: 'http' } });
    const listener = await socket();
    expect(await listener.join('realtime:room:9', token('ann'))).toBe('ok');
    expect(await post('', [message('room:9')])).toBe(401);
    expect(await post('Bearer nonsense', [message('room:9')])).toBe(401);
    const headers = `Bearer ${token('hal')}`;
    expect(await post(headers, [message('room:9')])).toBe(202);
    expect(await post(`Bearer ${token('ann')}`, [message('room:9'), message('ticker:1')])).toBe(
      403,
    );
    expect(await post(`Bearer ${token('ann')}`, [message('room:9')])).toBe(202);
    const heard: unknown[] = [];
    while (heard.length < 1) {
      const frame = await listener.heard.next();
      if (frame[3] === 'broadcast') heard.push(frame[4]);
    }
    expect(heard).toEqual([{ type: 'broadcast', event: 'x', payload: { from: 'http' } }]);
  });

  test('presence of an instance that was killed ends, and is told once', async () => {
    const leases = { presence: { leaseSeconds: 1 } };
    const [a, b] = await Promise.all([world.instance(leases), world.instance(leases)]);
    const [dying, watching] = [await socket(undefined, a), await socket(undefined, b)];
    const config = { presence: { enabled: true, key: 'ann' } };
    expect(await watching.join('realtime:room:5', token('ann'), config)).toBe('ok');
    expect(await dying.join('realtime:room:5', token('ann'), config)).toBe('ok');
    const track = { type: 'presence', event: 'track', payload: {} };
    expect(await dying.ask(['1', '6', 'realtime:room:5', 'presence', track])).toBe('ok');
    a.child.kill('SIGKILL');
    for (;;) {
      const [, , , event, payload] = await watching.heard.next();
      if (event === 'presence_diff' && 'ann' in (payload as { leaves: object }).leaves) break;
    }
  });
});
