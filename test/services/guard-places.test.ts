import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../sql/support/world';
import { check, refusalOf, send } from '../support/guard/ask';
import { mutantOf } from '../support/guard/mutant';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';

const title = noRedis
  ? `services of the shared tables (skipped: ${noRedis})`
  : 'services of the shared tables';

/** What a tenant with tables of its own can ask for: where it is let in, and where it is not. */
const elsewhere = {
  REST: '/rest/notes',
  'REST, written otherwise': '/%72est/notes',
  'REST, by way of another service': '/storage/../rest/notes',
  'another service, by way of REST': '/rest/../storage/a',
  'a path that nobody can read': '/%',
} as const;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let guard: GuardProcess;
  const people: Record<string, Person> = {};

  beforeAll(async () => {
    world = await GuardWorld.start();
    guard = await world.guard();
    await world.admin.query(
      "insert into registry.shards (name, host, port) values ('east', 'east.test', 5432)",
    );
    for (const [slug, model, shard] of [
      ['owner', 'schema', 'main'],
      ['hermit', 'database', 'main'],
      ['eastern', 'shared', 'east'],
    ] as const) {
      people[slug] = await world.newcomer(slug);
      await world.admin.query(
        'update registry.tenants set model = $2, shard = $3 where slug = $1',
        [slug, model, shard],
      );
    }
  });
  afterAll(() => world.stop());

  const someone = (slug: string): Person => people[slug] ?? world.people.ann;
  const says = async (slug: string, uri: string, { port } = guard): Promise<string> =>
    refusalOf(await check(port, { ...world.bearer(someone(slug)), 'x-original-uri': uri }));

  test.each(['owner', 'hermit', 'eastern'])('refuse %s, whose rows are elsewhere', async (slug) => {
    for (const uri of Object.values(elsewhere)) {
      expect([uri, await says(slug, uri)]).toEqual([uri, '409 wrong_model']);
    }
    const graphql = await send(
      guard.port,
      { query: '{ a }' },
      world.bearer(someone(slug)),
      '/one-place',
    );
    expect(refusalOf(graphql)).toBe('409 wrong_model');
    expect(world.upstream.received).toEqual([]);
  });

  test.each(['owner', 'hermit', 'eastern'])('let %s in to every other service', async (slug) => {
    expect(await says(slug, '/storage/a.txt')).toBe('204 ');
    expect(await says(slug, '/shop/rest/notes')).toBe('204 ');
    const graphql = await send(guard.port, { query: '{ a }' }, world.bearer(someone(slug)));
    expect(graphql.status).toBe(200);
    world.upstream.reset();
  });

  test('serve who shares tables, by a token and by an API key', async () => {
    expect(await says('ann', '/rest/notes')).toBe('204 ');
    const key = await world.key(world.people.ann, { scopes: ['graphql:read'] });
    const asked = { 'x-api-key': key.text, 'x-original-uri': '/rest/notes' };
    expect(refusalOf(await check(guard.port, asked))).toBe('204 ');
    expect(refusalOf(await check(guard.port, { ...asked, 'x-original-method': 'POST' }))).toBe(
      '403 scope_missing',
    );
  });

  test('refuse a tenant as soon as it has moved', async () => {
    const mover = await world.newcomer('mover');
    const asks = async (): Promise<string> =>
      refusalOf(
        await check(guard.port, { ...world.bearer(mover), 'x-original-uri': '/rest/notes' }),
      );
    expect(await asks()).toBe('204 ');
    await world.admin.query("update registry.tenants set model = 'schema' where slug = 'mover'");
    await expect.poll(asks, { timeout: 5_000, interval: 20 }).toBe('409 wrong_model');
  });

  test.each([
    ['no place is asked for', 'decide.ts', 'if (shared || !sharedTablesOnly) return;', 'return;'],
    ['every tenant shares', 'registry.ts', 'shared: row.shared', 'shared: true'],
    ['a shard is no place', 'registry.ts', " and shard = 'main' as shared", ' as shared'],
    ['a path has one reading', 'routes.ts', 'match(candidates, raw), match', 'match'],
    ['nobody reads a path twice', 'routes.ts', ', match(candidates, canonical)]', ']'],
    ['what cannot be read is nowhere', 'routes.ts', 'target) ?? routes)', 'target) ?? [])'],
  ])('a mutant is noticed: %s', async (_what, file, line, instead) => {
    const program = await mutantOf(file, line, instead);
    const mutant = await world.guard({}, { program });
    const answers: string[] = [];
    for (const uri of Object.values(elsewhere)) {
      for (const slug of ['owner', 'eastern']) answers.push(await says(slug, uri, mutant));
    }
    expect(answers).toContain('204 ');
  });
});
