import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Clock } from '../../components/services/images/functions/clock';
import type { Outbox } from '../../components/services/images/functions/outbox';

// A pause passes at once, on a clock of its own.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => Promise.resolve(vi.setSystemTime(Date.now() + ms)),
}));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23T12:00:00.250Z') });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Seconds after noon of the first ticks of a function of each second; `entering` is called as each is entered. */
async function ticks(count: number, entering = (_tick: number) => Promise.resolve()) {
  const entered: number[] = [];
  await new Promise<void>((resolve) => {
    const outbox = {
      tick: (_name: string, at: Date) => {
        entered.push((at.getTime() - Date.parse('2026-11-23T12:00:00Z')) / 1000);
        if (entered.length === count) {
          clock.stop();
          resolve();
        }
        return entering(entered.length);
      },
    };
    const each = { pattern: '* * * * * *' };
    const clock = new Clock(outbox as unknown as Outbox, new Map([['each', each]]) as never);
    clock.start();
  });
  return entered;
}

test('each tick is entered, once', async () => {
  expect(await ticks(5)).toEqual([1, 2, 3, 4, 5]);
});

test('one that cannot be entered does not end the others', async () => {
  const away = (tick: number) =>
    tick === 2 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
  expect(await ticks(4, away)).toEqual([1, 2, 3, 4]);
});

test('what was slept through is left out', async () => {
  const asleep = (tick: number) => {
    if (tick === 2) vi.setSystemTime(Date.now() + 10_000);
    return Promise.resolve();
  };
  expect(await ticks(4, asleep)).toEqual([1, 2, 12, 13]);
});
