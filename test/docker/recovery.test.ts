import { beforeAll, describe, expect, test } from 'vitest';
import { engine } from '../support/docker';
import { ask, query } from './support/client';
import { prefix } from './support/platform';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

const counted = `select (select count(*)::int from app.notes) as notes, (select count(*)::int from storage.files) as files,
                        (select count(*)::int from registry.members) as members`;

async function containers(): Promise<string[]> {
  const all = await engine.listContainers();
  return all
    .flatMap(({ Names }) => Names.map((name) => name.slice(1)))
    .filter((name) => name.startsWith(prefix))
    .sort();
}

async function works(name: string): Promise<string> {
  const { State } = await engine.getContainer(name).inspect();
  if (!State.Running || State.Restarting) return 'it does not run';
  return State.Health && State.Health.Status !== 'healthy' ? State.Health.Status : 'well';
}

describe.skipIf(absent)('a container whose program is killed', () => {
  test('comes back by itself, each of them, and no row is lost', async () => {
    const before = await database(scene, 'strata_migrator', counted);
    const all = await containers();
    expect(all.length).toBeGreaterThan(15);
    for (const name of all) {
      // Between restarts there is no process, and its id is that of this test's own group: 0.
      await expect.poll(() => works(name), { timeout: 60_000, message: name }).toBe('well');
      const { State, RestartCount } = await engine.getContainer(name).inspect();
      expect(State.Pid, name).toBeGreaterThan(0);
      process.kill(State.Pid, 'SIGKILL');
      await expect
        .poll(async () => (await engine.getContainer(name).inspect()).RestartCount, {
          timeout: 30_000,
        })
        .toBeGreaterThan(RestartCount);
      await expect.poll(() => works(name), { timeout: 60_000, message: name }).toBe('well');
    }
    await expect
      .poll(
        () =>
          query(scene, scene.tokenOf('ann'), '{ notes { nodes { body } } }').then(
            () => 'answered',
            String,
          ),
        {
          timeout: 60_000,
        },
      )
      .toBe('answered');
    await expect
      .poll(
        async () =>
          (await ask(scene, '/functions/project-summary', { token: scene.tokenOf('gus') })).status,
        {
          timeout: 60_000,
        },
      )
      .toBe(200);
    expect(await database(scene, 'strata_migrator', counted)).toEqual(before);
    expect(await scene.platform.succeed('status')).not.toMatch(/not healthy/);
  });
});
