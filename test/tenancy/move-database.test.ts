import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { placeOf } from '../../components/tenancy/places';
import { messageOf } from '../../engine/errors';
import { audit } from '../../provider/audit/audit';
import { scramVerifier } from '../../provider/database/scram';
import { requireServer } from '../../provider/database-move/guard';
import { reopen } from '../../provider/database-move/journal';
import { survey } from '../../provider/database-move/look';
import {
  moveDatabases,
  rehearseMove,
  undoMove,
  type MoveOptions,
} from '../../provider/database-move/move';
import { provision } from '../../provider/tenancy/provision';
import { startServer, type Server } from '../sql/support/server';
import {
  bentTools,
  endsOf,
  findKit,
  type Kit,
  managedServer,
  type Person,
  Requests,
  standing,
} from './support/database-move';
import { addTenant, deployCluster, planWith, platformOf } from './support/platform';
import { adminOf, child, kill, lineOf } from './support/population';

const found = findKit();
const title = found ? '' : ' (skipped: no Debian package of Postgres with pg_dump)';
const none: Kit = { programs: '', tools: { dump: '', restore: '' } };
const steps = [
  'the source is shut',
  'roles are made',
  'database strata',
  'every row',
  'the target',
];

describe.skipIf(!found)(`everything moves to another Postgres${title}`, () => {
  const kit = found ?? none;
  const { tools } = kit;
  const own = kit.bin === undefined ? {} : { bin: kit.bin };
  const plan = planWith();
  const people: Person[] = [];
  let source: Server;
  let empty: Server;
  let target: Server;

  function person(index: number): Person {
    const found = people[index];
    if (!found) throw new Error('nobody');
    return found;
  }

  /** A new server whose admin is no superuser, as the one before a move. */
  async function fresh(): Promise<Server> {
    target = await startServer({ ...own, copyOf: empty.data });
    return target;
  }

  beforeAll(async () => {
    [source, empty] = await Promise.all([startServer(own), managedServer(kit)]);
    await deployCluster(source, plan);
    const platform = platformOf({ main: source }, plan);
    for (const model of ['shared', 'schema', 'database'] as const) {
      const slug = `of-${model}`;
      const tenant = await addTenant(source, platform, slug, {
        model,
        members: { [`ann-${model}`]: 'admin' },
      });
      people.push({ tenant, user: await adminOf(platform, tenant) });
    }
    const other = await addTenant(source, platform, 'other', { members: { eve: 'admin' } });
    people.push({ tenant: other, user: await adminOf(platform, other) });
    const requests = new Requests(people);
    for (const who of people) {
      await requests.ask(source, who, "insert into projects (name) values ('P')");
      await requests.write(source, who);
    }
    const admin = await source.connect('postgres', 'strata');
    // As the switch of a tenant that has moved leaves it: a number of the source's transactions.
    await admin.query("select setval('tenancy.last_switch', pg_current_xact_id()::text::bigint)");
    const verifier = scramVerifier('the-migrators-password');
    await admin.query(`alter role strata_migrator password '${verifier}'`);
    await admin.query('create role vendor_x login connection limit 4');
    await admin.query('create database vendor_x owner vendor_x connection limit 7');
    await admin.query('revoke all on database vendor_x from public');
    const vendor = await source.connect('vendor_x', 'vendor_x');
    await vendor.query(
      'create schema own; create table own.users (id serial primary key, "strata move" text)',
    );
    await vendor.query(`insert into own.users ("strata move") values ('äöü'), (null)`);
    await Promise.all([admin.end(), vendor.end()]);
  });

  afterEach(() => target.stop());
  afterAll(() => Promise.all([source.stop(), empty.stop()]));

  test('killed at each step before the switch it begins anew, and undone it leaves both as they were', async () => {
    await fresh();
    const ends = endsOf(source, target);
    const before = [await standing(source, 'postgres'), await standing(target, 'provider')];
    for (const step of steps.slice(0, -1)) {
      const mover = child('database-move-child.ts', { ends, tools, step });
      await lineOf(mover, (line) => line.includes(step));
      await kill(mover);
      await expect.poll(() => isMoving(target)).toBe(false);
    }
    await expect(new Requests(people).ask(source, person(0), 'select 1')).rejects.toThrow(
      'too many connections',
    );
    await undoMove(ends);
    expect([await standing(source, 'postgres'), await standing(target, 'provider')]).toEqual(
      before,
    );
    await new Requests(people).write(source, person(0));
  });

  /** What is refused leaves both as they were. */
  async function refused(says: string, options: MoveOptions): Promise<void> {
    const before = [await standing(source, 'postgres'), await standing(target, 'provider')];
    await expect(moveDatabases(endsOf(source, target), options)).rejects.toThrow(says);
    expect([await standing(source, 'postgres'), await standing(target, 'provider')]).toEqual(
      before,
    );
  }

  /** Does something as somebody who may, once the last database is copied. */
  function meanwhile(server: Server, login: string, change: string): MoveOptions['tell'] {
    return async (step) => {
      if (!step.startsWith('database vendor_x')) return;
      const client = await server.connect(login, 'strata');
      await client.query(change);
      await client.end();
    };
  }

  test.each([
    ['a row is lost on the way', 'delete from app.notes', 'app.notes has 0 rows in place of'],
    ['a value is another', "update app.notes set body = 'x'", 'app.notes has other values'],
  ])('refused, and the source stays: %s', async (_, statement, says) => {
    await fresh();
    await refused(says, { tools: bentTools(kit, path.dirname(target.data), statement) });
  });

  test('refused, and the source stays: a policy is missing at the target', async () => {
    await fresh();
    const tell = meanwhile(target, 'provider', 'drop policy tenant_floor on app.notes');
    await refused('Tables, rights or policies of database strata differ', { tools, tell });
  });

  test('refused, and the source stays: a superuser, whom nothing shuts out, has written to it', async () => {
    await fresh();
    const change = "insert into registry.users (handle) values ('late')";
    await refused('registry.users has', { tools, tell: meanwhile(source, 'postgres', change) });
  });

  test('refused, and the source stays: somebody has opened it in the middle, and another move has begun', async () => {
    await fresh();
    const ends = endsOf(source, target);
    const others: unknown[] = [];
    const tell = async (step: string) => {
      if (!step.startsWith('database vendor_x')) return;
      for (const begin of [moveDatabases, rehearseMove, undoMove]) {
        await begin(ends).catch((error: unknown) => others.push(messageOf(error)));
      }
      await reopen(ends);
    };
    await refused('Somebody has opened the source again while it was copied', { tools, tell });
    expect(new Set(others)).toEqual(
      new Set([
        'A move to this target is going on, by another command: wait for it, or end it there.',
      ]),
    );
    expect(others).toHaveLength(3);
  });

  test('a rehearsal tells how long it takes and changes nothing, while requests are answered', async () => {
    await fresh();
    const before = [await standing(source, 'postgres'), await standing(target, 'provider')];
    const requests = new Requests(people.slice(0, 1));
    requests.start(source);
    const report = await rehearseMove(endsOf(source, target), { tools });
    await requests.stop();
    expect(report).toMatchObject({ databases: 3, switched: false });
    expect(report.pauseSeconds).toBeGreaterThan(0);
    expect(requests.refusals).toEqual([]);
    expect([await standing(source, 'postgres'), await standing(target, 'provider')]).toEqual(
      before,
    );
  });

  test('all that is against it is told at once, before anything is done', async () => {
    await fresh();
    const admin = await source.connect('postgres', 'strata');
    await admin.query('create role mighty superuser bypassrls');
    await admin.query('create database half allow_connections false');
    await admin.query('create publication everything for all tables');
    await admin.query('create table public.stray (); alter table public.stray owner to vendor_x');
    const there = await target.connect('postgres', 'template1');
    await there.query('create role strata_owner');
    await there.query('create database strata');
    await there.end();
    const made = await target.connect('postgres', 'strata');
    await made.query('create table mine ()');
    await made.end();
    const { problems } = await survey(endsOf(source, target), tools);
    await admin.query('drop publication everything');
    await admin.query('drop table public.stray');
    await admin.query('drop role mighty');
    await admin.query('drop database half');
    await admin.end();
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'role mighty has SUPERUSER, BYPASSRLS, which the target’s admin may not give',
      'database half lets nobody in',
      'strata',
      'strata',
      'the target has a role strata_owner already',
      'the target’s database strata is not empty',
    ]);
    expect(problems).toContainEqual(
      expect.stringMatching(/^strata: vendor_x owns stray in schema public, which is another’s/),
    );
    const same = await survey({ ...endsOf(source, source) }, tools);
    expect(same.problems[0]).toBe('source and target are one and the same server');
  });

  test('while people write: nothing acknowledged is lost, nobody sees more than before, and life goes on at the target', async () => {
    await fresh();
    const ends = endsOf(source, target);
    const requests = new Requests(people);
    requests.start(source);
    await requests.more(20);
    const early: string[] = [];
    const report = await moveDatabases(ends, {
      tools,
      tell: async (step) => {
        if (!step.startsWith('every row')) return;
        early.push(await refusalOf(requireServer(ends.target, true)));
        for (const who of people) {
          await requests
            .ask(target, who, 'select 1')
            .catch((error: unknown) => early.push((error as Error).message));
        }
      },
    });
    await requests.stop();
    console.log(report);
    expect(report).toMatchObject({ databases: 3, switched: true });
    // Nobody but the admin got in before the switch.
    expect(early).toHaveLength(people.length + 1);
    expect(early[0]).toContain('The move to this database server is not over');
    expect(early.join('\n')).toMatch(/not permitted to log in/);
    expect(requests.refusals.join('\n')).toMatch(/too many connections/);

    for (const who of people) {
      const rows = await requests.ask<{ id: string; tenant_id: string }>(
        target,
        who,
        'select id, tenant_id from notes',
      );
      const ids = rows.map(({ id }) => id);
      const { slug, id } = who.tenant;
      expect(
        [...(requests.acknowledged.get(slug) ?? [])].filter((note) => !ids.includes(note)),
      ).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      expect(rows.filter(({ tenant_id }) => tenant_id !== id)).toEqual([]);
      await requests.write(target, who);
    }

    // An attack: the rows of another tenant, with one's own token, in its place.
    const [shared, other] = [person(0), person(3)];
    const reach = `select from ${placeOf(other.tenant.id, 'shared').schema}.notes where tenant_id = '${other.tenant.id}'`;
    expect(await requests.ask(target, shared, reach)).toEqual([]);
    await expect(
      requests.ask(
        target,
        shared,
        `insert into notes (tenant_id, project_id, body) select '${other.tenant.id}', id, 'x' from projects`,
      ),
    ).rejects.toThrow('row-level security');
    const admin = await target.connect('postgres', 'strata');
    await expect(admin.query('select from app.notes')).rejects.toThrow('permission denied');
    await admin.end();
    const tables = Object.keys(plan.declaration.tables);
    expect(await audit(target.url('strata_migrator', 'strata'), { tables })).toEqual([]);

    // Sequences, passwords and limits came along, and the platform makes tenants there.
    const vendor = await target.connect('vendor_x', 'vendor_x');
    expect((await vendor.query('insert into own.users default values returning id')).rows).toEqual([
      { id: 3 },
    ]);
    await vendor.end();
    const moved = (await standing(target, 'provider')) as {
      roles: string[][];
      databases: string[][];
    };
    const kept = (await standing(source, 'postgres')) as { roles: string[][] };
    const ofPlatform = ({ roles }: { roles: string[][] }) =>
      roles.filter(([name]) => /^(strata|vendor)_/.test(name ?? ''));
    expect(ofPlatform(moved)).toEqual(ofPlatform(kept));
    expect(moved.databases.find(([name]) => name === 'vendor_x')?.[1]).toBe(7);
    await addTenant(target, platformOf({ main: target }, plan), 'late', {
      members: { liz: 'admin' },
    });
    await provision(platformOf({ main: target }, plan), person(1).tenant);

    // It is over: again is no change, and back would lose what was written since.
    expect(await moveDatabases(ends, { tools })).toMatchObject({ switched: false });
    await expect(undoMove(ends)).rejects.toThrow('would be lost');
    await expect(requests.ask(source, shared, 'select 1')).rejects.toThrow('too many connections');

    // Deployments go on at the target, and never again at the source.
    await requireServer(ends.target, true);
    expect(await refusalOf(requireServer(ends.source, false))).toContain('is shut');
  });
});

/** Whether somebody holds what a move holds at its target: for a moment also a session whose program is gone. */
async function isMoving(target: Server): Promise<boolean> {
  const client = await target.connect('provider', 'postgres');
  const { rowCount } = await client.query("select from pg_locks where locktype = 'advisory'");
  await client.end();
  return rowCount !== 0;
}

async function refusalOf(work: Promise<void>): Promise<string> {
  return work.then(
    () => 'not refused',
    (error: unknown) => (error as Error).message,
  );
}
