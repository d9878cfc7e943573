import type { RealtimeChannel } from '@supabase/supabase-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noRedis } from '../support/guard/redis';
import type { RealtimeProcess } from '../support/realtime/process';
import { Mailbox, subscribed } from '../support/realtime/channel';
import { RealtimeWorld } from '../support/realtime/world';

const what =
  "broadcast and presence over upstream's client, with the real guard, Postgres and Redis";
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: RealtimeWorld;
  let one: RealtimeProcess;
  let two: RealtimeProcess;

  beforeAll(async () => {
    world = await RealtimeWorld.start();
    [one, two] = await Promise.all([world.instance(), world.instance()]);
  });
  afterAll(async () => {
    await world.stop();
  });
  afterEach(async () => {
    await world.endClients();
  });

  const heardIn = (channel: RealtimeChannel, event = '*'): Mailbox => {
    const mailbox = new Mailbox();
    channel.on('broadcast', { event }, mailbox.put);
    return mailbox;
  };

  test.each(['1.0.0', '2.0.0'] as const)(
    'what one says, the others of the tenant hear, in version %s',
    async (vsn) => {
      const { ann, bob } = world.people;
      const speaker = (await world.client(one, ann, { vsn })).channel('room:1', {
        config: { broadcast: { ack: true } },
      });
      const listener = (await world.client(one, bob, { vsn })).channel('room:1');
      const [own, heard] = [heardIn(speaker), heardIn(listener)];
      expect([await subscribed(speaker), await subscribed(listener)]).toEqual([
        'SUBSCRIBED',
        'SUBSCRIBED',
      ]);
      const said = { a: [1, { 'ü "': null }], emoji: '🙂' };
      expect(await speaker.send({ type: 'broadcast', event: 'hello', payload: said })).toBe('ok');
      expect(await heard.next()).toEqual({ type: 'broadcast', event: 'hello', payload: said });
      expect(own.all).toEqual([]);
    },
  );

  test('whoever asks for it hears itself too', async () => {
    const channel = (await world.client(one, world.people.ann)).channel('room:1', {
      config: { broadcast: { self: true } },
    });
    const heard = heardIn(channel);
    await subscribed(channel);
    await channel.send({ type: 'broadcast', event: 'echo', payload: { n: 1 } });
    expect(await heard.next()).toEqual({ type: 'broadcast', event: 'echo', payload: { n: 1 } });
  });

  test('clients of both versions and of two instances hear each other, bytes among it', async () => {
    const { ann, bob } = world.people;
    const speaker = (await world.client(one, ann)).channel('room:2');
    const near = (await world.client(one, bob, { vsn: '1.0.0' })).channel('room:2');
    const far = (await world.client(two, bob)).channel('room:2');
    const [heardNear, heardFar] = [heardIn(near), heardIn(far)];
    await Promise.all([speaker, near, far].map(subscribed));
    const bytes = Uint8Array.from([0, 255, 1, 254]).buffer;
    await speaker.send({ type: 'broadcast', event: 'raw', payload: bytes });
    await speaker.send({ type: 'broadcast', event: 'text', payload: 'x' });
    expect(await heardFar.next()).toEqual({ type: 'broadcast', event: 'raw', payload: bytes });
    // Version 1.0.0 has no bytes.
    for (const heard of [heardNear, heardFar]) {
      expect(await heard.next()).toEqual({ type: 'broadcast', event: 'text', payload: 'x' });
    }
  });

  test('who is present is known to those who come later, on every instance, and who leaves is told', async () => {
    const { ann, bob } = world.people;
    const first = (await world.client(one, ann)).channel('room:3', {
      config: { presence: { key: 'ann' } },
    });
    const second = (await world.client(two, bob)).channel('room:3', {
      config: { presence: { key: 'bob' } },
    });
    const synced = [first, second].map((channel) => {
      const mailbox = new Mailbox();
      channel.on('presence', { event: 'sync' }, () => mailbox.put(channel.presenceState()));
      return mailbox;
    });
    const [atFirst, atSecond] = synced as [Mailbox, Mailbox];
    await subscribed(first);
    expect(await atFirst.next()).toEqual({});
    await first.track({ status: 'here' });
    const ref = expect.any(String) as string;
    const annHere = { ann: [{ presence_ref: ref, status: 'here' }] };
    expect(await atFirst.next()).toEqual(annHere);
    await subscribed(second);
    expect(await atSecond.next()).toEqual(annHere);
    await second.track({ status: 'too' });
    const both = { ...annHere, bob: [{ presence_ref: ref, status: 'too' }] };
    expect(await atFirst.next()).toEqual(both);
    await second.track({ status: 'changed' });
    expect(await atFirst.next()).toEqual({
      ...annHere,
      bob: [{ presence_ref: ref, status: 'changed' }],
    });
    await second.unsubscribe();
    expect(await atFirst.next()).toEqual(annHere);
    await first.untrack();
    expect(await atFirst.next()).toEqual({});
  });

  test('who has not signed in joins nothing', async () => {
    const channel = (await world.client(one)).channel('room:1');
    expect(await subscribed(channel)).toContain('sign in first: an access token is required');
  });
});
