import { beforeAll, describe, expect, test } from 'vitest';
import { containersNamed } from '../support/docker';
import { endAll } from '../support/processes';
import { query } from './support/client';
import { prefix } from './support/platform';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;
let standing: string[];

beforeAll(async () => {
  if (absent) return;
  scene = await openScene();
  standing = await containersNamed(prefix);
});

const rows = () =>
  database(scene, 'strata_migrator', 'select tenant_id, body from app.notes order by 1, 2');

/** Of each kind of resource one that is being made or replaced when the power fails. */
const moments: readonly { readonly services: object; readonly moment: RegExp }[] = [
  { services: { graphql: { replicas: 2 } }, moment: /Container graphql-2 creating/ },
  {
    services: { graphql: { replicas: 2, env: { LOG: 'a' } } },
    moment: /Container graphql-1 (deleting|creating)/,
  },
  {
    services: { graphql: { replicas: 2, env: { LOG: 'b' } } },
    moment: /Ready graphql-1-ready (updating|creating)/,
  },
];

describe.skipIf(absent)('ups that are killed one after the other, with all they started', () => {
  test.each(moments)('at $moment: no row is lost', async ({ services, moment }) => {
    const { platform } = scene;
    const before = await rows();
    platform.configure({ 'strata:services': services });
    const up = platform.begin('up');
    await up.line(moment);
    await endAll(platform.workspace.folder);
    await up.ended;
    expect(await rows()).toEqual(before);
  });

  test('the next one converges', async () => {
    const { platform } = scene;
    const before = await rows();
    await platform.succeed('up');
    expect(await rows()).toEqual(before);
    expect(await containersNamed(prefix)).toEqual([...standing, `${prefix}graphql-2`].sort());
    expect(
      JSON.stringify(await query(scene, scene.tokenOf('ann'), '{ notes { nodes { body } } }')),
    ).toContain('body');
    const { changes } = JSON.parse(await platform.succeed('up', '--json')) as { changes: object };
    expect(Object.keys(changes)).toEqual(['same']);
  });
});
