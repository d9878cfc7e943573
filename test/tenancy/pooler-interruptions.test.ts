import { mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PoolerRegistry } from '../../components/services/images/pooler-registry/loop';
import type { Followed } from '../support/follow';
import { randomFrom, seed } from '../support/random';
import { noPgbouncer } from './support/pooler';
import { patience, Scene, state } from './support/pooler-scene';

const why = noPgbouncer === undefined ? '' : ` (skipped: ${noPgbouncer})`;

describe.skipIf(noPgbouncer)(`what interrupts the pooler's registry${why}`, () => {
  let scene: Scene;
  let registry: Followed;
  let acme: string;

  beforeAll(async () => {
    scene = await Scene.start();
    registry = scene.registry;
    acme = await scene.addServed();
  });

  afterAll(() => scene.stop());

  test('a pooler that refuses the new files keeps the old ones and every session, until they are right', async () => {
    const { pooler } = scene;
    const client = await pooler.connectTenant(acme);
    await client.query('begin');
    const before = await state(client);
    const included = readIncluded();
    pooler.configure('nonsense = 1');
    const late = await scene.add();
    await registry.line(/the pooler refused what the registry says/);
    await expect.poll(readIncluded, patience).toBe(included);
    await expect(pooler.connectTenant(late)).rejects.toThrow(/no such|authentication failed/);
    pooler.configure();
    await scene.addServed();
    await scene.reachable(late);
    expect(await state(client)).toEqual(before);
  });

  test('what changed while the registry did not answer is served when it does again', async () => {
    await scene.main.admin.query('alter role strata_pooler nologin');
    await scene.main.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'strata_pooler'",
    );
    await registry.line(/the registry does not answer: pools stay as they are/);
    const missed = await scene.add('east-1');
    await scene.reachable(acme);
    await scene.main.admin.query('alter role strata_pooler login');
    await scene.reachable(missed);
  });

  test('killed at any moment it leaves files that a pooler starts with, and goes on where it was', async () => {
    console.log(`STRATA_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const client = await scene.pooler.connectTenant(acme);
    await client.query('begin');
    const before = await state(client);
    await scene.add('east-1');
    const found: unknown[] = [];
    for (let round = 0; round < 12; round += 1) {
      // Right when it creates, fills or renames one of its files.
      const event = touched(scene.pooler.registry, 1 + Math.floor(random() * 6));
      await scene.change(acme, `max_connections = ${(round % 3) + 1}`);
      await event;
      process.kill(registry.pid, 'SIGKILL');
      await registry.ended;
      found.push({ pooler: await scene.pooler.tryFiles(), whole: isWhole() });
      registry = await scene.pooler.startRegistry();
      await registry.line(/the pooler serves/);
    }
    await scene.reachable(acme);
    expect(found).toEqual(found.map(() => ({ pooler: 'starts', whole: true })));
    expect(await state(client)).toEqual(before);
    await scene.change(acme, 'max_connections = null');
    await expect.poll(() => readdirSync(scene.pooler.registry).length, patience).toBe(2);
  });

  test('it lays down what the pooler starts with before it hears of the registry, and says that it is silent', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-pooler-silent-'));
    const silent = new PoolerRegistry({
      databaseUrl: 'postgresql://nobody@127.0.0.1:1/strata',
      console: {},
      folder,
      users: '"strata_app" "secret"\n',
      master: 'm',
      limits: { main: { host: 'database', port: 5432 }, connections: 10, capacity: 10 },
      pollMs: 1_000,
    });
    await silent.start();
    const [included = '', list = ''] = readdirSync(folder).sort();
    expect([
      readFileSync(path.join(folder, included), 'utf8').split('\n').slice(1),
      readFileSync(path.join(folder, list), 'utf8'),
      silent.problem(),
    ]).toEqual([
      [`auth_file = ${path.join(folder, list)}`, '[users]', '[databases]', ''],
      '"strata_app" "secret"\n',
      undefined,
    ]);
    await expect
      .poll(() => silent.problem(), patience)
      .toMatch(/^the registry was last read \d+ s ago$/);
    await silent.stop();
    rmSync(folder, { recursive: true });
  });

  /** What the pooler includes has its end, and the list that it names has a verifier for each login. */
  function isWhole(): boolean {
    const included = readIncluded();
    const [, list = ''] = /^auth_file = (.*)$/m.exec(included) ?? [];
    const logins = [...included.matchAll(/^strata_t_(\w+) = max_user_connections=\d+$/gm)];
    const text = readFileSync(list, 'utf8');
    return (
      logins.length > 0 &&
      included.endsWith('\n') &&
      logins.every(
        ([, hex = '']) =>
          included.includes(`\nt_${hex} = host=`) &&
          new RegExp(`^"strata_t_${hex}" "SCRAM-SHA-256[^"]+"$`, 'm').test(text),
      )
    );
  }

  function readIncluded(): string {
    return readFileSync(path.join(scene.pooler.registry, 'tenants.ini'), 'utf8');
  }
});

/** Resolves with the n-th change in a folder. */
function touched(folder: string, nth: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const watcher = watch(folder, () => {
      seen += 1;
      if (seen < nth) return;
      watcher.close();
      resolve();
    });
  });
}
