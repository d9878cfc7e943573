import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { engine } from '../support/docker';
import { testImages } from '../support/lab';
import { ask, query } from './support/client';
import { container, prefix } from './support/platform';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

const notes = '{ notes { nodes { body } } }';

/** Container → when it was started. */
async function started(): Promise<Record<string, string>> {
  const all = await engine.listContainers();
  const ours = all.filter(({ Names }) => Names.some((name) => name.startsWith(`/${prefix}`)));
  const states = await Promise.all(ours.map(({ Id }) => engine.getContainer(Id).inspect()));
  return Object.fromEntries(
    states.map(({ Name, Id, State }) => [Name.slice(1 + prefix.length), Id + State.StartedAt]),
  );
}

async function changes(): Promise<Record<string, number>> {
  const { changes: made } = JSON.parse(await scene.platform.succeed('up', '--json')) as {
    changes: Record<string, number>;
  };
  return made;
}

/** Asks again and again until it is stopped; gives back what went wrong. */
function asking(): { stop: () => Promise<{ asked: number; lost: string[] }> } {
  const lost: string[] = [];
  let asked = 0;
  let going = true;
  const loop = async (): Promise<void> => {
    while (going) {
      asked += 1;
      // Well below what one user may ask in a minute.
      await sleep(250);
      await query(scene, scene.tokenOf('ann'), notes).catch((error: unknown) =>
        lost.push(String(error)),
      );
    }
  };
  const loops = [loop(), loop()];
  return {
    async stop() {
      going = false;
      await Promise.all(loops);
      return { asked, lost };
    },
  };
}

describe.skipIf(absent)('a deployment that is repeated', () => {
  test('changes nothing', async () => {
    const before = await started();
    expect(Object.keys(await changes())).toEqual(['same']);
    expect(await started()).toEqual(before);
  });

  test('restarts the one service whose setting changed, without a request lost where it has two replicas', async () => {
    const { platform } = scene;
    platform.configure({ 'strata:services': { graphql: { replicas: 2 } } });
    await platform.succeed('up');
    const before = await started();
    expect(Object.keys(before)).toContain('graphql-2');

    platform.configure({
      'strata:services': { graphql: { replicas: 2, env: { LOG_LEVEL: 'debug' } } },
    });
    const load = asking();
    await platform.succeed('up');
    const { asked, lost } = await load.stop();
    const after = await started();
    const touched = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(touched.sort()).toEqual(['graphql-1', 'graphql-2']);
    expect(asked).toBeGreaterThan(20);
    expect(lost).toEqual([]);

    platform.configure({});
    await platform.succeed('up');
    expect(Object.keys(await started())).not.toContain('graphql-2');
  });

  test('names a job that fails, with its exit code and last words, and leaves what works alone', async () => {
    const { platform } = scene;
    const seed = {
      image: 'debian:12-slim',
      command: ['sh', '-c', 'echo the seed is rotten >&2; exit 3'],
      job: true,
    };
    platform.configure({ 'strata:customServices': { seed } });
    const { code, stdout, stderr } = await platform.run('up');
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('job seed ended with exit code 3');
    expect(stdout + stderr).toContain('the seed is rotten');
    expect(
      (await ask(scene, '/graphql', { token: scene.tokenOf('ann'), body: { query: notes } }))
        .status,
    ).toBe(200);
  });

  test('refuses a Postgres of another major before anything is stopped', async () => {
    const { platform } = scene;
    const before = await container('database').inspect();
    platform.configure({
      'strata:images': { override: { ...testImages, postgres: 'postgres:15' } },
    });
    const { code, stdout, stderr } = await platform.run('up');
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(
      'The image is Postgres 15, but the data were written by Postgres 18',
    );
    const after = await container('database').inspect();
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
  });
});

describe.skipIf(absent)('a platform that is taken down', () => {
  const rows = () =>
    database(
      scene,
      'strata_migrator',
      'select tenant_id, body from app.notes order by tenant_id, body',
    );

  test('comes back with its rows, keys and tokens after down, and after destroy', async () => {
    const { platform } = scene;
    const before = await rows();
    const token = scene.tokenOf('ann');
    platform.configure({});
    for (const takeDown of ['down', 'destroy'] as const) {
      await platform.succeed(takeDown, ...(takeDown === 'destroy' ? ['--yes'] : []));
      expect(await started()).toEqual({});
      await platform.succeed('up');
      expect(await rows()).toEqual(before);
      expect((await ask(scene, '/graphql', { token, body: { query: notes } })).status).toBe(200);
    }
  });
});
