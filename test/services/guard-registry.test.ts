import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../sql/support/world';
import { ask, check, refusalOf } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { healthy } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';

const title = noRedis
  ? `keys and tenants as the guard knows them (skipped: ${noRedis})`
  : 'keys and tenants as the guard knows them';

/** Soon enough to be called at once: what the guard heard, not what it forgot by itself. */
const atOnce = { timeout: 2_000, interval: 20 };

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let guard: GuardProcess;
  let names = 0;

  beforeAll(async () => {
    world = await GuardWorld.start();
    guard = await world.guard();
  });
  afterAll(() => world.stop());
  afterEach(async () => {
    world.wire.mend();
    await healthy(guard);
    await listening();
  });

  const newcomer = (): Promise<Person> => world.newcomer(`known-${(names += 1)}`);
  const byKey = (text: string) => async (): Promise<string> =>
    refusalOf(await check(guard.port, { 'x-api-key': text }));
  const byToken = (person: Person) => async (): Promise<string> =>
    refusalOf(await check(guard.port, world.bearer(person)));

  /** The guard hears of changes. */
  async function listening(): Promise<void> {
    await expect
      .poll(
        async () => {
          const { rows } = await world.admin.query(
            `select 1 from pg_stat_activity where application_name = 'guard-listener' and query = 'listen strata_guard'`,
          );
          return rows.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
  }

  test.each<[string, string, string]>([
    [
      'is revoked',
      'update registry.api_keys set revoked_at = now() where id = $1',
      '401 key_revoked',
    ],
    ['is deleted', 'delete from registry.api_keys where id = $1', '401 key_invalid'],
    [
      "'s issuer leaves",
      'delete from registry.members where user_id = (select created_by from registry.api_keys where id = $1)',
      '401 key_invalid',
    ],
    [
      "'s tenant is suspended",
      `update registry.tenants set status = 'suspended' where id = (select tenant_id from registry.api_keys where id = $1)`,
      '403 tenant_suspended',
    ],
    [
      "'s tenant is deleted",
      'delete from registry.tenants where id = (select tenant_id from registry.api_keys where id = $1)',
      '401 key_invalid',
    ],
  ])('a key that %s ends at once, although it was just used', async (_what, change, expected) => {
    const key = await world.key(await newcomer());
    expect(await byKey(key.text)()).toBe('204 ');
    expect(await byKey(key.text)()).toBe('204 ');
    await world.admin.query(change, [key.id]);
    await expect.poll(byKey(key.text), atOnce).toBe(expected);
  });

  test('a key is no more than its issuer, at once', async () => {
    const person = await newcomer();
    const key = await world.key(person, { role: 'admin' });
    const role = async (): Promise<unknown> =>
      (await check(guard.port, { 'x-api-key': key.text })).headers['x-strata-role'];
    expect(await role()).toBe('tenant_admin');
    await world.admin.query(`update registry.members set role = 'member' where user_id = $1`, [
      person.id,
    ]);
    await expect.poll(role, atOnce).toBe('tenant_member');
  });

  test('a key ends at its time, although it is remembered for longer', async () => {
    const key = await world.key(await newcomer(), { seconds: 5 });
    expect(await byKey(key.text)()).toBe('204 ');
    // Less than the ten seconds for which it is remembered.
    await expect.poll(byKey(key.text), { timeout: 9_000 }).toBe('401 key_expired');
  });

  test('a tenant that is suspended is shut at once for its tokens, and open again at once', async () => {
    const person = await newcomer();
    const set = (status: string) =>
      world.admin.query('update registry.tenants set status = $2 where id = $1', [
        person.tenant,
        status,
      ]);
    expect(await byToken(person)()).toBe('204 ');
    await set('suspended');
    await expect.poll(byToken(person), atOnce).toBe('403 tenant_suspended');
    await set('active');
    await expect.poll(byToken(person), atOnce).toBe('204 ');
  });

  test('a change of one tenant is heard for that tenant: another is still remembered', async () => {
    const [one, two] = [await newcomer(), await newcomer()];
    const key = await world.key(two);
    await byKey(key.text)();
    await world.admin.query(`update registry.tenants set status = 'suspended' where id = $1`, [
      one.tenant,
    ]);
    await expect.poll(byToken(one), atOnce).toBe('403 tenant_suspended');
    world.wire.cut();
    expect(await byKey(key.text)()).toBe('204 ');
  });

  test('without the ear to the database a revoked key ends once it is no longer remembered', async () => {
    const key = await world.key(await newcomer());
    expect(await byKey(key.text)()).toBe('204 ');
    await world.admin.query('alter table registry.api_keys disable trigger tell_guard');
    await world.admin.query('update registry.api_keys set revoked_at = now() where id = $1', [
      key.id,
    ]);
    await world.admin.query('alter table registry.api_keys enable trigger tell_guard');
    expect(await byKey(key.text)()).toBe('204 ');
    await expect.poll(byKey(key.text), { timeout: 20_000, interval: 100 }).toBe('401 key_revoked');
  });

  test('what changed while the guard could not listen counts as soon as it listens again', async () => {
    const key = await world.key(await newcomer());
    expect(await byKey(key.text)()).toBe('204 ');
    world.wire.cut();
    await world.admin.query('update registry.api_keys set revoked_at = now() where id = $1', [
      key.id,
    ]);
    expect(await byKey(key.text)()).toBe('204 ');
    world.wire.mend();
    await expect.poll(byKey(key.text), { timeout: 5_000, interval: 20 }).toBe('401 key_revoked');
  });

  test.each(['cut', 'silence'] as const)(
    'without the database (%s) tokens and unknown keys are shut, and all comes back',
    async (how) => {
      const [known, unknown] = [await newcomer(), await newcomer()];
      const [used, unused] = [await world.key(known), await world.key(known)];
      expect([await byToken(known)(), await byKey(used.text)()]).toEqual(['204 ', '204 ']);
      world.wire[how]();
      const away = '503 registry_unavailable';
      // Whether a token was revoked is known for as long as changes are heard of: a dead wire is not heard dying.
      await expect.poll(byToken(known), { timeout: 15_000, interval: 200 }).toBe(away);
      expect(await byToken(unknown)()).toBe(away);
      expect(await byKey(unused.text)()).toBe(away);
      expect((await ask(guard.port, '/healthz')).status).toBe(503);
      await expect.poll(byKey(used.text), { timeout: 15_000, interval: 200 }).toBe(away);
      world.wire.mend();
      await healthy(guard);
      expect([
        await byToken(unknown)(),
        await byKey(unused.text)(),
        await byKey(used.text)(),
      ]).toEqual(['204 ', '204 ', '204 ']);
    },
  );

  test('uses are counted, and written when the guard stops', async () => {
    const counting = await world.guard();
    const person = await newcomer();
    const [one, two] = [
      await world.key(person),
      await world.key(person, { scopes: ['graphql:read'] }),
    ];
    for (let i = 0; i < 5; i += 1) await check(counting.port, { 'x-api-key': one.text });
    await check(counting.port, { 'x-api-key': two.text });
    await check(counting.port, { 'x-api-key': one.text, 'x-tenant': 'globex' });
    expect(await counting.stop()).toBe(0);
    const { rows } = await world.admin.query(
      'select key_id, use_count, last_used_at <= now() as lately from registry.api_key_usage where tenant_id = $1',
      [person.tenant],
    );
    expect(new Set(rows)).toEqual(
      new Set([
        { key_id: one.id, use_count: '5', lately: true },
        { key_id: two.id, use_count: '1', lately: true },
      ]),
    );
  });

  test('many at once about one new key ask the database once', async () => {
    const asked = async (): Promise<number> => {
      const { rows } = await world.admin.query<{ calls: number }>(
        `select coalesce(sum(calls), 0)::int as calls from pg_stat_user_functions where funcname = 'verify_api_key'`,
      );
      return rows[0]?.calls ?? 0;
    };
    await world.admin.query('alter database guarded set track_functions = $$all$$');
    const fresh = await world.guard();
    const key = await world.key(await newcomer());
    const before = await asked();
    const said = await Promise.all(
      Array.from({ length: 50 }, () => check(fresh.port, { 'x-api-key': key.text })),
    );
    expect(new Set(said.map(refusalOf))).toEqual(new Set(['204 ']));
    await fresh.stop();
    await expect.poll(asked, { timeout: 5_000 }).toBe(before + 1);
  });
});
