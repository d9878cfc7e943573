import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { Backlog } from '../../components/services/images/shared/sockets/backlog';
import { Peer } from '../../components/services/images/shared/sockets/peer';

/** A stand-in for a socket: what is sent waits until it is read. */
class Standing extends EventEmitter {
  bufferedAmount = 0;
  private readonly sent: (() => void)[] = [];

  readonly send = (data: string, _options: object, done: () => void): void => {
    this.bufferedAmount += data.length;
    this.sent.push(() => {
      this.bufferedAmount -= data.length;
      done();
    });
  };

  read(): void {
    for (const one of this.sent.splice(0)) one();
  }
}

/** Each with a message that it has not read, by its size. */
function peers(backlog: Backlog, sizes: readonly number[]) {
  const out: number[] = [];
  const all = sizes.map((size, index) => {
    const socket = new Standing();
    const peer = new Peer(socket as unknown as WebSocket, {
      backlog,
      onMessage: () => undefined,
      onCrowding: () => out.push(index),
      onDrained: () => undefined,
    });
    if (size > 0) peer.send('x'.repeat(size));
    return { peer, socket };
  });
  const hasRoom = (index: number): boolean | undefined => all[index]?.peer.hasRoomFor('x', 1_000);
  return { all, out, hasRoom };
}

test('who reads is not put out for those who do not, with stand-ins for sockets', () => {
  const { all, out, hasRoom } = peers(new Backlog(100), [0, 40, 90, 30]);
  expect(hasRoom(0)).toBe(true);
  expect(out).toEqual([2]);
  // What waited for that one counts no more, neither now nor when its socket is closed.
  expect(hasRoom(0)).toBe(true);
  all[2]?.socket.read();
  all[0]?.peer.send('x'.repeat(31));
  expect(hasRoom(3)).toBe(true);
  expect(out).toEqual([2, 1]);
});

test('who lets most wait has no room itself, and has it again when it was read', () => {
  const { all, out, hasRoom } = peers(new Backlog(100), [90, 40]);
  expect(hasRoom(0)).toBe(false);
  expect(out).toEqual([]);
  all[0]?.socket.read();
  expect(hasRoom(0)).toBe(true);
  expect(out).toEqual([]);
});
