import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { enqueue, jobChannel, type JobState } from '../../provider/tenancy/jobs';
import { createTenant } from '../../provider/tenancy/lifecycle';
import { readExport } from '../../provider/tenancy/export-read';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import type { TenantStore } from '../../provider/tenancy/stores/store';
import { WorkerWorld } from './support/worker';

let all: WorkerWorld;
let exports: string;

beforeAll(async () => {
  all = await WorkerWorld.start();
  await createTenant(all.platform, [], {
    slug: 'acme',
    name: 'Acme',
    model: 'schema',
    shard: 'main',
    members: [{ user: 'ann', role: 'admin' }],
  });
});

afterAll(() => all.stop());

beforeEach(() => {
  exports = mkdtempSync(path.join(os.tmpdir(), 'strata-exports-'));
});

afterEach(async () => {
  await all.reset();
  rmSync(exports, { recursive: true, force: true });
});

type Copying = 'export' | 'delete';

const asked = (action: Copying): Promise<string> =>
  enqueue(all.platform.clusters, { action, slug: 'acme', arguments: { folder: 'last' } });

async function done(action: Copying): Promise<JobState> {
  return all.ends(await asked(action));
}

/** As after a worker that ended in the middle of a job, or before it could say what came of it. */
async function again(job: string): Promise<void> {
  await all.admin.query(
    `with queued as (
       update registry.tenant_jobs set state = 'queued', attempts = 1, result = null where id = $1 returning id
     ) select pg_notify($2, '') from queued`,
    [job, jobChannel],
  );
}

describe.each<Copying>(['export', 'delete'])('the folder that a job writes (%s)', (action) => {
  test('is begun anew where an attempt broke off, and nothing is left of that', async () => {
    let broken = true;
    const second: Partial<TenantStore> = {
      async export(_tenant, to) {
        if (!broken) return {};
        broken = false;
        await to.write('objects/half', Readable.from(['half of an object']));
        throw new Error('the connection ended');
      },
    };
    all.work({
      exports,
      stores: (made) => [postgresStore(made), { ...postgresStore(made), ...second }],
    });
    expect(await done(action)).toMatchObject({ state: 'done', attempts: 2, error: null });
    expect(readdirSync(exports)).toEqual(['last']);
    expect((await readExport(path.join(exports, 'last'))).manifest.tenant.slug).toBe('acme');
  });

  test('is begun anew where its worker was killed', async () => {
    const job = await asked(action);
    await again(job);
    mkdirSync(path.join(exports, `.${job}.1`, 'rows'), { recursive: true });
    all.work({ exports });
    expect((await all.ends(job)).state).toBe('done');
    expect(readdirSync(exports)).toEqual(['last']);
  });

  test('is the one of before where nobody heard that it is whole', async () => {
    const job = await asked(action);
    all.work({ exports });
    const { result, ...first } = await all.ends(job);
    expect(first.state).toBe('done');
    await again(job);
    expect(await all.ends(job)).toMatchObject({ state: 'done', attempts: 2, result });
  });

  test('is refused at once where somebody has something in it', async () => {
    mkdirSync(path.join(exports, 'last'));
    writeFileSync(path.join(exports, 'last', 'mine'), 'of the user');
    all.work({ exports });
    const { state, attempts, error } = await done(action);
    expect([state, attempts]).toEqual(['failed', 1]);
    expect(error).toBe(
      `${path.join(exports, 'last')} is not empty: an export needs a folder of its own`,
    );
    expect(readdirSync(exports)).toEqual(['last']);
    expect(readdirSync(path.join(exports, 'last'))).toEqual(['mine']);
  });
});

test('what will be refused again is not tried again', async () => {
  all.work({ exports });
  const refusals: [Parameters<typeof enqueue>[1], string][] = [
    [{ action: 'suspend', slug: 'acne' }, 'Did you mean "acme"?'],
    [
      { action: 'import', slug: 'x', arguments: { folder: 'none', model: 'shared' } },
      'is no export of a tenant',
    ],
    [
      { action: 'delete', slug: '-', arguments: { folder: 'none', token: 'x' } },
      'is no export of a tenant',
    ],
  ];
  for (const [job, reason] of refusals) {
    const { state, attempts, error } = await all.ends(await enqueue(all.platform.clusters, job));
    expect([state, attempts]).toEqual(['failed', 1]);
    expect(error).toContain(reason);
  }
});
