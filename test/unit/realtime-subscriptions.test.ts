import { expect, test } from 'vitest';
import type { Change } from '../../components/services/images/realtime/changes/change';
import type { Visible } from '../../components/services/images/realtime/changes/visible';
import type { Session } from '../../components/services/images/shared/token';
import {
  Subscriptions,
  type Subscriber,
} from '../../components/services/images/realtime/subscriptions';

const table = 'app.notes';

/** A stand-in for looking rows up: those of a tenant that is slow are never found. */
function lookingUp(slow: string): Visible {
  const stand: Pick<Visible, 'isHeard' | 'columns' | 'rows'> = {
    isHeard: () => Promise.resolve(true),
    columns: () => Promise.resolve([{ name: 'id', type: 'int4' }]),
    rows: ({ tenantId }, changes) =>
      tenantId === slow
        ? new Promise(() => undefined)
        : Promise.resolve(changes.map(({ key }) => key)),
  };
  return stand as Visible;
}

const changesOf = (tenantId: string, many: number): Change[] =>
  Array.from({ length: many }, (_, id) => ({
    tenantId,
    table,
    operation: 'INSERT',
    key: { id },
    at: new Date(0).toISOString(),
  }));

/** Who waits for all changes of a tenant, and notes what becomes of that. */
function subscriberOf(tenantId: string) {
  const asked = { event: '*', schema: 'app', table: 'notes' } as const;
  const noted = {
    session: { tenantId, userId: 'u', role: 'tenant_member', scopes: undefined } as Session,
    bindings: [{ id: 1, asked, tables: [table], filter: undefined }],
    told: [] as unknown[],
    gaps: 0,
    tell: (_change: Change, row: object) => void noted.told.push(row),
    gap: () => void (noted.gaps += 1),
  };
  return noted;
}

test("one tenant's changes hold up no other's, however many and slow, with a stand-in for the database", async () => {
  const subscriptions = new Subscriptions(lookingUp('a'), [table], () => ({ listening: true }));
  const [flooded, quiet] = [subscriberOf('a'), subscriberOf('b')];
  subscriptions.add(flooded);
  subscriptions.add(quiet);
  for (let look = 0; look < 20; look += 1) subscriptions.changed(changesOf('a', 1_000));
  subscriptions.changed(changesOf('b', 2));
  await expect.poll(() => quiet.told).toEqual([{ id: 0 }, { id: 1 }]);
  expect(quiet.gaps).toBe(0);
  expect(flooded.gaps).toBeGreaterThan(0);
});

test.each([
  ['has left', (subscriptions: Subscriptions, one: Subscriber) => subscriptions.remove(one), 0],
  [
    'may do less now',
    (_: Subscriptions, one: ReturnType<typeof subscriberOf>) =>
      void (one.session = { ...one.session, role: 'tenant_member' }),
    1,
  ],
] as const)(
  'who %s while rows are looked up is told nothing of them, with a stand-in for the database',
  async (_what, happens, gaps) => {
    let found: () => void = () => undefined;
    const look = new Promise<void>((resolve) => (found = resolve));
    const stand = lookingUp('nobody');
    const subscriptions = new Subscriptions(
      Object.assign(Object.create(stand) as Visible, {
        rows: async (...asked: Parameters<Visible['rows']>) => {
          await look;
          return stand.rows(...asked);
        },
      }),
      [table],
      () => ({ listening: true }),
    );
    const [changing, other] = [subscriberOf('a'), subscriberOf('a')];
    for (const one of [changing, other]) {
      one.session = { ...one.session, role: 'tenant_admin' };
      subscriptions.add(one);
    }
    subscriptions.changed(changesOf('a', 1));
    await Promise.resolve();
    happens(subscriptions, changing);
    found();
    await expect.poll(() => other.told).toHaveLength(1);
    expect(changing.told).toEqual([]);
    expect(changing.gaps).toBe(gaps);
  },
);

test('however many wishes a channel has of a table, it is looked at once, with a stand-in for the database', async () => {
  let looked = 0;
  const stand = Object.assign(lookingUp('nobody'), {
    columns: () => {
      looked += 1;
      return Promise.resolve([{ name: 'id', type: 'int4' }]);
    },
  });
  const subscriptions = new Subscriptions(stand, [table], () => ({ listening: true }));
  const wish = { event: '*', schema: 'app', table: 'notes', filter: 'id=eq.1' } as const;
  const { session } = subscriberOf('a');
  const wishes = Array.from({ length: 50 }, () => wish);
  expect(await subscriptions.bindings(session, wishes)).toHaveLength(50);
  expect(looked).toBe(1);
});
