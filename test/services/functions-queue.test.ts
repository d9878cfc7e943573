import { Queue, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../sql/support/world';
import { Platform, type Started } from './functions/platform';

let platform: Platform;
let http: Started;
let worker: Started;
let connection: Redis;
let queue: Queue;
let other: Queue;

beforeAll(async () => {
  platform = await Platform.start();
  http = await platform.run('functions', { only: ['enqueue'], environment: { ATTEMPTS: '2' } });
  worker = await platform.run('functions-worker', { only: ['work', 'noted'] });
  connection = platform.redisAs('functions');
  queue = new Queue('work', { connection });
  other = new Queue('other', { connection });
});

afterAll(async () => {
  await Promise.all([queue.close(), other.close()]);
  connection.disconnect();
  await platform.stop();
});

/** Adds a job as somebody by HTTP; status and the job's id. */
async function enqueue(who: Person, name: string, data: unknown): Promise<[number, string]> {
  const response = await fetch(`${http.url}/functions/enqueue`, {
    method: 'POST',
    headers: platform.bearer(who),
    body: JSON.stringify({ name, data }),
  });
  const { id = '' } = (await response.json()) as { id?: string };
  return [response.status, id];
}

/** Resolves when a job was given up: its reason. */
async function givenUp(id: string): Promise<string> {
  for (;;) {
    // Its reason comes with its state, so it is read after that.
    const failed = (await queue.getJobState(id)) === 'failed';
    const job = failed && ((await queue.getJob(id)) as Job | undefined);
    if (job) return job.failedReason;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const forged = 'no function of this platform added this job';
const moved = 'this job was added to another queue or under another id';

describe('a job', () => {
  test.each(['ann', 'bob', 'gus'] as const)('of %s runs as whoever added it', async (name) => {
    const { id, role, tenant, ...person } = platform.world[name];
    const [status, job] = await enqueue({ id, role, tenant, ...person }, 'work', { text: name });
    expect(status).toBe(200);
    await worker.line(new RegExp(`"text":"${name}".*"message":"worked"`));
    const [said] = worker.said('worked').filter(({ text }) => text === name);
    expect([said?.job, said?.sees, said?.as]).toEqual([job, tenant, [id, role]]);
  });

  test('that an event adds runs as the event does', async () => {
    const { ann } = platform.world;
    const app = await platform.server.connect('strata_app', 'platform');
    await app.query('begin');
    await app.query(
      "select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.role', 'admin', true)",
      [ann.tenant, ann.id],
    );
    await app.query("insert into app.notes (project_id, body) values ($1, 'enqueue me')", [
      platform.world.acme.project,
    ]);
    await app.query('commit');
    await worker.line(/"text":"enqueue me".*"message":"worked"/);
    const [said] = worker.said('worked').filter(({ text }) => text === 'enqueue me');
    expect([said?.sees, said?.as]).toEqual([ann.tenant, [ann.id, 'admin']]);
  });

  test('that fails is tried again and then stays as a dead letter', async () => {
    const [, id] = await enqueue(platform.world.ann, 'work', { text: 'x', fail: true });
    expect(await givenUp(id)).toBe('as it was told');
    expect(((await queue.getJob(id)) as Job).attemptsMade).toBe(2);
    const figures = await (await fetch(`${worker.url}/metrics`)).text();
    expect(figures).toMatch(/strata_queue_jobs\{queue="work",state="failed"\} [1-9]/);
  });

  test('whose worker is killed in the middle runs again in another one', async () => {
    const killed = worker;
    const [, id] = await enqueue(platform.world.ann, 'work', { text: 'killed', wait: 20_000 });
    await killed.line(/"text":"killed".*"message":"working"/);
    killed.child.kill('SIGKILL');
    worker = await platform.run('functions-worker', { only: ['work', 'noted'] });
    await worker.line(/"text":"killed".*"message":"worked"/);
    expect(worker.said('worked').map(({ job }) => job)).toEqual([id]);
  });

  test('of a name or a size that no queue takes is refused', async () => {
    for (const name of ['../work', 'a:b', '__proto__', 'Work', '']) {
      expect(await enqueue(platform.world.ann, name, {})).toEqual([500, '']);
    }
    expect(await enqueue(platform.world.ann, 'work', 'x'.repeat(70_000))).toEqual([500, '']);
  });
});

describe('a job that no function added is refused, whoever can write to Redis', () => {
  /** A job as the platform makes it, taken out of a queue that nobody works on. */
  async function stolen(): Promise<{ id: string; payload: string; signature: string }> {
    const [, id] = await enqueue(platform.world.ann, 'other', { text: 'stolen' });
    const job = (await other.getJob(id)) as Job<{ payload: string; signature: string }>;
    return { id, ...job.data };
  }

  async function add(data: unknown, jobId: string): Promise<string> {
    await queue.add('job', data, { jobId });
    return givenUp(jobId);
  }

  test('without a signature', async () => {
    const { acme, ann } = platform.world;
    expect(await add({ tenantId: acme.id, userId: ann.id, role: 'admin', data: {} }, 'plain')).toBe(
      forged,
    );
    expect(await add('text', 'text')).toBe(forged);
    expect(await add({ payload: '{}', signature: '' }, 'empty')).toBe(forged);
  });

  test('with another tenant in it', async () => {
    const { acme, globex } = platform.world;
    const { payload, signature, id } = await stolen();
    const changed = payload.replace(acme.id, globex.id).replace('"other"', '"work"');
    expect(changed).not.toBe(payload);
    expect(await add({ payload: changed, signature }, id)).toBe(forged);
  });

  test('moved to another queue', async () => {
    const { payload, signature, id } = await stolen();
    expect(await add({ payload, signature }, id)).toBe(moved);
  });

  test('under another id, so that it would run again', async () => {
    const payloads: string[] = [];
    const [, id] = await enqueue(platform.world.ann, 'work', { text: 'x', fail: true });
    await givenUp(id);
    const { data } = (await queue.getJob(id)) as Job<{ payload: string; signature: string }>;
    payloads.push(data.payload);
    expect(await add(data, 'again')).toBe(moved);
    expect(worker.said('worked').filter(({ text }) => payloads.includes(String(text)))).toEqual([]);
  });

  test('and its refusal is not tried again', async () => {
    await add({ payload: '{}', signature: 'x' }, 'once');
    expect(((await queue.getJob('once')) as Job).attemptsMade).toBe(1);
  });
});

test('the other users of Redis reach no queue', async () => {
  for (const user of ['guard', 'storage', 'app', 'monitor']) {
    const redis = platform.redisAs(user);
    for (const attempt of [
      () => redis.lrange('bull:work:wait', 0, -1),
      () => redis.del('bull:work:meta'),
      () => redis.eval("return redis.call('get', 'bull:work:id')", 0),
    ]) {
      await expect(attempt()).rejects.toThrow(/NOPERM|can't access/);
    }
    redis.disconnect();
  }
});
