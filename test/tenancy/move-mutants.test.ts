import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveTenant } from '../../provider/tenancy/move';
import { randomFrom, seed } from '../support/random';
import { settle, startWorld, type World } from './support/population';
import { Writers } from './support/writers';

/** What keeps a move from losing writes is taken down, one at a time: the writers of the tests have to notice each. */
let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

const mutants: Record<string, { readonly down: string; readonly isolation?: 'repeatable read' }> = {
  'no fence calls hold()': { down: 'drop trigger strata_hold on app.notes' },
  'hold() does not wait for the pause': {
    down: "do $$ begin execute replace(pg_get_functiondef('tenancy.hold'::regproc), 'perform pg_advisory_xact_lock_shared', '-- '); end $$",
  },
  'hold() does not look who is away': {
    down: "do $$ begin execute replace(pg_get_functiondef('tenancy.hold'::regproc), 'if exists (select from tenancy.away', 'if false and exists (select from tenancy.away'); end $$",
  },
  'nobody is entered as away': {
    down: `create function tenancy.nobody() returns trigger language plpgsql as 'begin return null; end';
      create trigger nobody before insert on tenancy.away for each row execute function tenancy.nobody()`,
  },
  'hold() does not know of older snapshots': {
    down: "do $$ begin execute replace(pg_get_functiondef('tenancy.hold'::regproc), 'and not pg_visible_in_snapshot', 'and false and not pg_visible_in_snapshot'); end $$",
    isolation: 'repeatable read',
  },
  'the audit log forgets updates': { down: 'drop trigger strata_audit_update on app.notes' },
  'the audit log forgets deletes': { down: 'drop trigger strata_audit_delete on app.notes' },
};

describe('writers notice when', () => {
  test.each(Object.entries(mutants))('%s', async (name, { down, isolation }) => {
    const admin = await world.servers.main.connect('postgres', 'strata');
    const before = await definition(admin);
    const slug = `m${Object.keys(mutants).indexOf(name)}`;
    const tenant = await settle(world.platform, slug, 'shared', 'main');
    await admin.query(down);
    const writers = new Writers(world, tenant, {
      random: randomFrom(seed),
      memoryMs: 500,
      ...(isolation && { isolation, thinkMs: 300 }),
    });
    await writers.start(6);
    await writers.more(30);
    const refused = await moveTenant(
      world.platform,
      slug,
      { model: 'shared', shard: 'east' },
      { graceMs: 1_000, lockMs: 500, patienceMs: 10_000 },
    ).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    await writers.stop();
    const { lost, foreign } = await writers.difference();
    const noticed = { refused, lost: lost.length, foreign: foreign.length, errors: writers.errors };
    console.log(`${name}: ${JSON.stringify(noticed)}, seed ${seed}`);
    await admin.query(`drop trigger if exists nobody on tenancy.away; ${before}`);
    await admin.end();
    expect(refused !== undefined || lost.length + foreign.length > 0).toBe(true);
  });
});

/** What puts back what a mutant took down. */
async function definition(
  admin: Awaited<ReturnType<World['servers']['main']['connect']>>,
): Promise<string> {
  const { rows } = await admin.query<{ sql: string }>(
    `select pg_get_functiondef('tenancy.hold'::regproc) || ';' || string_agg(
       format('drop trigger if exists %I on app.notes; %s', tgname, pg_get_triggerdef(oid)), ';') as sql
     from pg_trigger where tgrelid = 'app.notes'::regclass and not tgisinternal`,
  );
  return `drop function if exists tenancy.nobody() cascade; ${rows[0]?.sql ?? ''}`;
}
