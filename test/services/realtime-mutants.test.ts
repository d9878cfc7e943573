import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutantOf } from '../support/guard/mutant';
import { noRedis } from '../support/guard/redis';
import { RawSocket } from '../support/realtime/raw';
import { RealtimeWorld } from '../support/realtime/world';

const what = 'each fence of realtime that is taken down lets its attack through';
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;

type Who = 'ann' | 'bob' | 'gus';

/** Whether what somebody says in a channel, joined by join_ref 1, is heard by another. */
interface Attack {
  readonly name: (ids: RealtimeWorld['people']) => string;
  readonly speaker: Who;
  readonly listener: Who;
  /** Of the message. */
  readonly joinRef?: string;
}

const mutants: readonly (Attack & { file: string; line: string; instead: string })[] = [
  {
    file: 'rooms.ts',
    line: 'return `realtime:room:${tenantId}:${name}`;',
    instead: 'void tenantId; return `realtime:room:${name}`;',
    name: () => 'room:1',
    speaker: 'gus',
    listener: 'ann',
  },
  {
    file: 'rules.ts',
    line: "(who === 'self' && rest === member.userId)",
    instead: "(who === 'self' && rest !== undefined)",
    name: ({ bob }) => `user:${bob.id}`,
    speaker: 'bob',
    listener: 'ann',
  },
  {
    file: 'channel.ts',
    line: 'if (this.rights.send) return;',
    instead: 'return;',
    name: () => 'news',
    speaker: 'bob',
    listener: 'ann',
  },
  {
    file: 'client.ts',
    line: 'if (channel?.joinRef === joinRef) return channel;',
    instead: 'if (channel) return channel;',
    name: () => 'room:1',
    speaker: 'bob',
    listener: 'ann',
    joinRef: '7',
  },
];

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: RealtimeWorld;

  beforeAll(async () => {
    world = await RealtimeWorld.start();
  });
  afterAll(async () => {
    await world.stop();
  });

  async function succeeds(port: number, attack: Attack): Promise<boolean> {
    const { people, guarded } = world;
    const topic = `realtime:${attack.name(people)}`;
    const [speaker, listener] = [await RawSocket.open(port), await RawSocket.open(port)];
    const joined = [attack.speaker, attack.listener].map((who) => guarded.token(people[who]));
    await listener.join(topic, joined[1]);
    await speaker.join(topic, joined[0], { broadcast: { ack: true } });
    const { joinRef = '1' } = attack;
    const said = { type: 'broadcast', event: 'x', payload: {} };
    await speaker.ask([joinRef, '2', topic, 'broadcast', said]);
    // Redis has sent it to all before it acknowledged it, and what is answered now was read behind it.
    await listener.ask([null, '3', 'phoenix', 'heartbeat', {}]);
    await listener.ask([null, '4', 'phoenix', 'heartbeat', {}]);
    const heard = listener.heard.all.some(([, , , event]) => event === 'broadcast');
    speaker.close();
    listener.close();
    return heard;
  }

  test.each(mutants)('$file: $line', async ({ file, line, instead, ...attack }) => {
    const program = await mutantOf(file, line, instead, 'realtime');
    const [whole, broken] = await Promise.all([world.instance(), world.instance({}, { program })]);
    expect(await succeeds(whole.port, attack)).toBe(false);
    expect(await succeeds(broken.port, attack)).toBe(true);
    await world.endInstances();
  });
});
