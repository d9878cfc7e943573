import { beforeAll, describe, expect, test } from 'vitest';
import { ask, query } from './support/client';
import { logOf, prefix } from './support/platform';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

/** What the workers have said about a message, as soon as there is something. */
async function said(message: string, about: string, times = 1): Promise<Record<string, unknown>[]> {
  const find = async () => {
    const lines = (await logOf(`${prefix}functions-worker-1`))
      .split('\n')
      .filter((line) => line.startsWith('{'));
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line.message === message && JSON.stringify(line).includes(about));
  };
  await expect
    .poll(async () => (await find()).length, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(times);
  return find();
}

describe.skipIf(absent)('functions of the application', () => {
  test('answer HTTP with the rows of whoever asks', async () => {
    const names = async (member: 'ann' | 'gus') => {
      const answer = await ask(scene, '/functions/project-summary', {
        token: scene.tokenOf(member),
      });
      expect(answer.status).toBe(200);
      return (answer.json() as { projects: { name: string }[] }).projects.map(({ name }) => name);
    };
    expect(await names('ann')).toEqual(['Giant magnet', 'Rocket skates']);
    expect(await names('gus')).toEqual(['Weather machine']);
  });

  test('hear of a row that was written, put a job into a queue, and the job runs as that tenant', async () => {
    const { projects } = (await query(
      scene,
      scene.tokenOf('ann'),
      '{ projects { nodes { rowId } } }',
    )) as {
      projects: { nodes: { rowId: string }[] };
    };
    const project = projects.nodes[0]?.rowId;
    await query(
      scene,
      scene.tokenOf('ann'),
      'mutation ($project: UUID!) { createNote(input: { note: { projectId: $project, body: "ask @zoe" } }) { clientMutationId } }',
      { project },
    );
    expect(await said('mentioned', 'zoe')).toHaveLength(1);
    expect(
      await database(
        scene,
        'strata_migrator',
        "select count(*)::int as waiting from outbox.events where state <> 'done'",
      ),
    ).toEqual([{ waiting: 0 }]);
  });

  test('do nothing of what a caller of another tenant would like', async () => {
    for (const path of [
      '/functions/note-written',
      '/functions/mention',
      '/functions/../outbox',
      '/functions/nobody',
    ]) {
      const { status } = await ask(scene, path, {
        token: scene.tokenOf('gus'),
        body: { data: {} },
      });
      expect({ path, status: [400, 404].includes(status) }).toEqual({ path, status: true });
    }
  });

  test('run by the clock: a tick that is due goes through all tenants', async () => {
    // The morning's report, asked for now: ticks are entered by the clock and by nothing else.
    const [entered] = await database<{ tick: boolean }>(
      scene,
      'strata_dispatcher',
      "select outbox.tick('daily-count', date_trunc('day', now())) as tick",
    );
    expect(entered?.tick).toBe(true);
    await said('notes of the day before', 'daily-count', 2);
  });
});
