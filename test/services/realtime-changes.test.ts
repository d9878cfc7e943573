import type { RealtimeChannel } from '@supabase/supabase-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noRedis } from '../support/guard/redis';
import type { RealtimeProcess } from '../support/realtime/process';
import { Mailbox, subscribed } from '../support/realtime/channel';
import { RealtimeWorld } from '../support/realtime/world';

const what = "changes of rows over upstream's client, with the real guard, Postgres and Redis";
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;

interface Told {
  readonly eventType: string;
  readonly new: Record<string, unknown>;
  readonly old: Record<string, unknown>;
}

interface Wish {
  readonly event: '*' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly schema: string;
  readonly table?: string;
  readonly filter?: string;
}

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: RealtimeWorld;
  let one: RealtimeProcess;

  beforeAll(async () => {
    world = await RealtimeWorld.start();
    one = await world.instance();
  });
  afterAll(async () => {
    await world.stop();
  });
  afterEach(async () => {
    await world.endClients();
  });

  const wishing = (channel: RealtimeChannel, wish: Wish): Mailbox<Told> => {
    const mailbox = new Mailbox<Told>();
    channel.on('postgres_changes' as 'system', wish, mailbox.put as never);
    return mailbox;
  };
  const all = { event: '*', schema: 'app', table: 'notes' } as const;

  /** Writes a note of somebody's as the platform's admin, whom no policy holds. */
  const note = async (of: 'ann' | 'hal', body: string): Promise<string> => {
    const { id, tenant } = world.people[of];
    const { project } = tenant === world.people.acme.id ? world.people.acme : world.people.globex;
    const { rows } = await world.guarded.admin.query<{ id: string }>(
      'insert into app.notes (tenant_id, project_id, author_id, body) values ($1, $2, $3, $4) returning id',
      [tenant, project, id, body],
    );
    return rows[0]?.id ?? '';
  };

  test('tells rows as they are now, of deleted ones the key, and nothing of another tenant', async () => {
    const { bob } = world.people;
    const channel = (await world.client(one, bob)).channel('any name');
    const heard = wishing(channel, all);
    expect(await subscribed(channel)).toBe('SUBSCRIBED');
    await note('hal', 'of another tenant');
    const id = await note('ann', 'first');
    const inserted = await heard.next();
    expect(inserted).toMatchObject({ eventType: 'INSERT', old: {}, new: { id, body: 'first' } });
    await world.guarded.admin.query("update app.notes set body = 'second' where id = $1", [id]);
    expect(await heard.next()).toMatchObject({
      eventType: 'UPDATE',
      old: { id },
      new: { id, body: 'second' },
    });
    await world.guarded.admin.query('delete from app.notes where id = $1', [id]);
    expect(await heard.next()).toMatchObject({ eventType: 'DELETE', old: { id }, new: {} });
    expect(heard.all).toHaveLength(3);
  });

  test('tells each wish what it is for, by event and filter', async () => {
    const channel = (await world.client(one, world.people.ann)).channel('any');
    const filtered = wishing(channel, { ...all, filter: 'body=in.(yes,maybe)' });
    const updates = wishing(channel, { ...all, event: 'UPDATE' });
    const every = wishing(channel, { event: 'INSERT', schema: 'app' });
    expect(await subscribed(channel)).toBe('SUBSCRIBED');
    const [no, yes] = [await note('ann', 'no'), await note('ann', 'yes')];
    const seen = async (mailbox: Mailbox<Told>, many: number): Promise<unknown[]> => {
      const told: unknown[] = [];
      while (told.length < many) told.push((await mailbox.next()).new.id);
      return told;
    };
    expect(await seen(every, 2)).toEqual([no, yes]);
    // A row is told as it is when it is looked up: not before both were.
    await world.guarded.admin.query("update app.notes set body = 'maybe' where id = $1", [no]);
    expect(await seen(filtered, 2)).toEqual([yes, no]);
    expect(await seen(updates, 1)).toEqual([no]);
  });

  test.each([
    ['another schema', { event: '*', schema: 'registry', table: 'tenants' }, /give schema: "app"/],
    ['a table that is not told', { event: '*', schema: 'app', table: 'projects' }, /are not told/],
    ['a column that is none', { ...all, filter: 'constructor=eq.1' }, /which is not there/],
    ['a filter that is none', { ...all, filter: 'body=like.%' }, /a filter is column=eq.value/],
    ['a filter of no table', { event: '*', schema: 'app', filter: 'id=eq.1' }, /name it/],
  ] as const)('refuses %s by name', async (_what, wish, reason) => {
    const channel = (await world.client(one, world.people.ann)).channel('any');
    wishing(channel, wish);
    expect(await subscribed(channel)).toMatch(reason);
  });

  test('an API key hears of rows with graphql:read and not without', async () => {
    const { ann } = world.people;
    const reader = await world.guarded.key(ann, { scopes: ['graphql:read'] });
    const other = await world.guarded.key(ann, { scopes: ['services:*'] });
    const channel = (await world.client(one, reader.text)).channel('any');
    const heard = wishing(channel, all);
    expect(await subscribed(channel)).toBe('SUBSCRIBED');
    const refused = (await world.client(one, other.text)).channel('any');
    wishing(refused, all);
    expect(await subscribed(refused)).toContain('does not open graphql:read');
    const id = await note('ann', 'x');
    expect((await heard.next()).new.id).toBe(id);
  });

  test('who may have missed changes is made to join again', async () => {
    const channel = (await world.client(one, world.people.ann)).channel('any');
    const heard = wishing(channel, all);
    const states = new Mailbox<string>();
    channel.subscribe((state) => states.put(state));
    expect(await states.next()).toBe('SUBSCRIBED');
    // More than one look tells of a tenant.
    await world.guarded.admin.query(
      `insert into app.notes (tenant_id, project_id, author_id, body)
       select $1, $2, $3, 'many' from generate_series(1, 1001)`,
      [world.people.acme.id, world.people.acme.project, world.people.ann.id],
    );
    expect(await states.next()).toBe('CHANNEL_ERROR');
    expect(await states.next()).toBe('SUBSCRIBED');
    const told = heard.all.length;
    const id = await note('ann', 'after');
    while ((await heard.next()).new.id !== id);
    expect(heard.all.length).toBeGreaterThan(told);
  });
});
