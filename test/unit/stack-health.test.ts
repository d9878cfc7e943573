import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { healthOf, type ServiceHealth } from '../../engine/health';
import { recovered } from '../../engine/stack-health';

// A pause passes at once, on a clock of its own.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => Promise.resolve(vi.setSystemTime(Date.now() + ms)),
}));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const going = new AbortController().signal;
const well = healthOf({ name: 'guard', kind: 'workload', where: 'here' }, {});
const ill = healthOf({ name: 'backup', kind: 'workload', where: 'here' }, { reason: 'it failed' });

interface Watched {
  /** What stands at last, and after how many looks. */
  readonly services: readonly ServiceHealth[];
  readonly looks: number;
  readonly told: readonly string[];
  readonly seconds: number;
}

/** The services as they are found by each look; the last stays. */
async function watch(...found: readonly ServiceHealth[][]): Promise<Watched> {
  let looks = 0;
  const told: string[] = [];
  const begun = Date.now();
  const look = () => Promise.resolve(found[Math.min(looks++, found.length - 1)] ?? []);
  const services = await recovered(look, { note: (text) => told.push(text) }, going);
  return { services, looks, told, seconds: (Date.now() - begun) / 1000 };
}

test('what is healthy is looked at once, and nothing is said', async () => {
  expect(await watch([well])).toEqual({ services: [well], looks: 1, told: [], seconds: 0 });
});

test('what a change has disturbed is waited for, and said once', async () => {
  const late = { ...ill, healthy: true };
  expect(await watch([well, ill], [well, ill], [well, late])).toEqual({
    services: [well, late],
    looks: 3,
    told: ['Waiting for backup to be healthy'],
    seconds: 4,
  });
});

test('what does not recover within a minute is found as it is', async () => {
  const { services, seconds } = await watch([well, ill]);
  expect([services, seconds]).toEqual([[well, ill], 60]);
});

test('whoever asks to end it is heard', async () => {
  const stop = new AbortController();
  const end = new Error('enough');
  const look = () => Promise.resolve([ill]);
  const note = () => {
    stop.abort(end);
  };
  await expect(recovered(look, { note }, stop.signal)).rejects.toBe(end);
});
