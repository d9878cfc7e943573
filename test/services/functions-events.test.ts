import type { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { actor, type ActorName } from '../sql/support/actors';
import { randomFrom, seed } from '../support/random';
import { Platform, type Started } from './functions/platform';

const only = ['noted'];

let platform: Platform;
let admin: Client;
let workers: Started[] = [];

beforeAll(async () => {
  platform = await Platform.start();
  admin = await platform.server.connect('postgres', 'platform');
  await admin.query('delete from app.drafts');
});

afterEach(async () => {
  for (const { child, ended } of workers) {
    child.kill('SIGKILL');
    await ended;
  }
  workers = [];
  await admin.query('delete from outbox.events; delete from app.drafts');
});

afterAll(() => platform.stop());

async function worker(environment: Record<string, string> = {}): Promise<Started> {
  const started = await platform.run('functions-worker', { only, environment });
  workers.push(started);
  return started;
}

/** One transaction of somebody that writes notes. */
async function write(as: ActorName, bodies: readonly string[], end = 'commit'): Promise<void> {
  const { login, setUp, person } = actor(as);
  const tenant = person === 'gus' ? platform.world.globex : platform.world.acme;
  const client = await platform.server.connect(login, 'platform');
  await client.query(['begin', ...setUp(platform.world)].join(';'));
  for (const body of bodies) {
    await client.query('insert into app.notes (project_id, body) values ($1, $2)', [
      tenant.project,
      body,
    ]);
  }
  await client.query(end);
  await client.end();
}

/** Resolves when no event waits any more. */
async function settled(): Promise<void> {
  for (;;) {
    const { rowCount } = await admin.query("select from outbox.events where state = 'pending'");
    if (rowCount === 0) return;
    await sleep(50);
  }
}

async function states(): Promise<unknown[]> {
  const { rows } = await admin.query<Record<string, unknown>>(
    'select state, attempts::int, last_error from outbox.events order by position',
  );
  return rows;
}

test('an event runs as whoever made it, sees that tenant alone, and comes once', async () => {
  const { ann, bob, gus } = platform.world;
  const running = await worker();
  await write('ann by token', ['by ann']);
  await write('bob by backend', ['by bob']);
  await write('gus in a Hasura mutation', ['by gus']);
  await settled();
  const handled = running.said('handled').map(({ body, as, sees }) => ({ body, as, sees }));
  expect(handled.sort((a, b) => String(a.body).localeCompare(String(b.body)))).toEqual([
    { body: 'by ann', as: [ann.tenant, ann.id, 'admin'], sees: ann.tenant },
    { body: 'by bob', as: [bob.tenant, bob.id, 'member'], sees: bob.tenant },
    { body: 'by gus', as: [gus.tenant, gus.id, 'admin'], sees: gus.tenant },
  ]);
  const { rows } = await admin.query(
    'select tenant_id, author_id, title from app.drafts order by title',
  );
  expect(rows).toEqual(
    [ann, bob, gus].map(({ tenant, id }, at) => ({
      tenant_id: tenant,
      author_id: id,
      title: ['by ann', 'by bob', 'by gus'][at],
    })),
  );
});

test('nothing comes of what is rolled back, and nothing before it is committed', async () => {
  const running = await worker();
  await write('ann by token', ['rolled back'], 'rollback');
  const client = await platform.server.connect('strata_app', 'platform');
  await client.query(['begin', ...actor('ann by backend').setUp(platform.world)].join(';'));
  await client.query("insert into app.notes (project_id, body) values ($1, 'open')", [
    platform.world.acme.project,
  ]);
  await write('bob by token', ['committed']);
  await running.line(/"message":"handled"/);
  expect(running.said('handling').map(({ body }) => body)).toEqual(['committed']);
  await client.query('commit');
  await settled();
  expect(running.said('handling').map(({ body }) => body)).toEqual(['committed', 'open']);
});

test('a commit wakes the worker: it does not wait for the next poll', async () => {
  const running = await worker();
  await sleep(300); // The worker has found nothing and waits.
  const times: number[] = [];
  for (let time = 0; time < 5; time += 1) {
    const started = performance.now();
    await write('ann by token', [`quick ${time}`]);
    await running.line(new RegExp(`"body":"quick ${time}".*"message":"handled"`));
    times.push(performance.now() - started);
  }
  // A poll takes a second for each of them; one stall says nothing.
  const [, , middle] = times.sort((a, b) => a - b);
  expect(middle).toBeLessThan(500);
});

test('a lost connection for LISTEN loses no event', async () => {
  const running = await worker();
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'strata_dispatcher'",
  );
  await write('ann by token', ['while deaf']);
  await running.line(/"body":"while deaf".*"message":"handled"/);
});

test('what fails is tried again until it works, and what never works becomes a dead letter', async () => {
  const running = await worker({ ATTEMPTS: '3' });
  await write('ann by token', ['fail 2 times', 'fail 9 times', 'fine']);
  await settled();
  expect(await states()).toEqual([
    { state: 'done', attempts: 3, last_error: 'attempt 2 fails' },
    { state: 'dead', attempts: 3, last_error: 'attempt 3 fails' },
    { state: 'done', attempts: 1, last_error: null },
  ]);
  const drafts = await admin.query('select title from app.drafts order by title');
  expect(drafts.rows).toEqual([{ title: 'fail 2 times' }, { title: 'fine' }]);
  const figures = await (await fetch(`${running.url}/metrics`)).text();
  expect(figures).toContain('strata_outbox_dead{function="noted"} 1');
  expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
});

test(`nothing is lost while workers are killed in the middle (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const rounds = 6;
  // A short time, so that leases end soon: a worker that is killed gives none back.
  const environment = { TIMEOUT_SECONDS: '1', ATTEMPTS: '20' };
  const written: string[] = [];
  let runs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const running = await worker(environment);
    const bodies = Array.from(
      { length: 8 },
      (_, at) => `wait ${Math.floor(random() * 400)} in ${round}.${at}`,
    );
    written.push(...bodies);
    await Promise.all(bodies.map((body) => write('ann by token', [body])));
    await running.line(/"message":"handling"/);
    await sleep(random() * 500);
    running.child.kill('SIGKILL');
    await running.ended;
    runs += running.said('handling').length;
  }
  const last = await worker(environment);
  await settled();
  runs += last.said('handling').length;
  const { rows } = await admin.query<{ title: string }>('select title from app.drafts');
  expect(rows.map(({ title }) => title).sort()).toEqual(written.sort());
  expect(new Set((await states()).map((row) => (row as { state: string }).state))).toEqual(
    new Set(['done']),
  );
  // Some were interrupted: otherwise this proves nothing.
  expect(runs).toBeGreaterThan(written.length);
});

test('a stopped worker finishes what it holds and takes nothing more', async () => {
  const running = await worker();
  await write('ann by token', ['wait 700']);
  await running.line(/"message":"handling"/);
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  expect(running.said('handled').map(({ body }) => body)).toEqual(['wait 700']);
  expect(await states()).toEqual([{ state: 'done', attempts: 1, last_error: null }]);
});

test('two workers share the events, and each comes to one of them', async () => {
  const both = [await worker(), await worker()];
  const bodies = Array.from({ length: 60 }, (_, at) => `wait 20 number ${at}`);
  await write('ann by token', bodies);
  await settled();
  const handled = both.map((one) => one.said('handled').map(({ body }) => String(body)));
  expect(handled.flat().sort()).toEqual(bodies.sort());
  expect(handled.every((own) => own.length > 0)).toBe(true);
});
