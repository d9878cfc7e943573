import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endAll } from '../support/processes';
import { query } from './support/client';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

afterAll(async () => {
  if (absent) return;
  scene.platform.configure({});
  await scene.platform.succeed('up');
});

const rows = () =>
  database(scene, 'strata_migrator', 'select tenant_id, body from app.notes order by 1, 2');

describe.skipIf(absent)('an up that is killed, with everything that it started', () => {
  // Of each kind of resource one that is being made or replaced when the power fails.
  test.each([
    ['a container is made', { graphql: { replicas: 2 } }, /Container graphql-2 creating/],
    [
      'one is replaced',
      { graphql: { env: { LOG: 'a' } } },
      /Container graphql-1 (deleting|creating)/,
    ],
    [
      'one is waited for',
      { graphql: { env: { LOG: 'b' } } },
      /Ready graphql-1-ready (updating|creating)/,
    ],
  ])('while %s: the next one converges, and no row is lost', async (_, services, moment) => {
    const { platform } = scene;
    const before = await rows();
    platform.configure({ 'strata:services': services });
    const up = platform.begin('up');
    await up.line(moment);
    await endAll(platform.workspace.folder);
    await up.ended;

    await platform.succeed('up');
    expect(await rows()).toEqual(before);
    expect(
      JSON.stringify(await query(scene, scene.tokenOf('ann'), '{ notes { nodes { body } } }')),
    ).toContain('body');
    const { changes } = JSON.parse(await platform.succeed('up', '--json')) as { changes: object };
    expect(Object.keys(changes)).toEqual(['same']);
  });
});
