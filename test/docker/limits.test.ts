import { beforeAll, describe, expect, test } from 'vitest';
import { ask, type Answer } from './support/client';
import { absent, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

/** Statuses of so many requests at once → how many there were. */
function tally(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe.skipIf(absent)('limits', () => {
  test('of one user stop that user, and nobody else of the tenant', async () => {
    const token = scene.tokenOf('hal');
    const body = { query: '{ projects { nodes { name } } }' };
    let refused: Answer | undefined;
    // A busy machine asks slower, and what was used up comes back meanwhile.
    for (let round = 0; round < 40 && refused === undefined; round += 1) {
      const some = Array.from({ length: 30 }, () => ask(scene, '/graphql', { token, body }));
      const answers = await Promise.all(some);
      refused = answers.find(({ text }) => text.includes('rate_limited'));
    }
    expect(refused?.status).toBe(429);
    // Where the address itself had its share, that is over in a moment.
    const colleague = scene.tokenOf('gus');
    await expect
      .poll(async () => (await ask(scene, '/graphql', { token: colleague, body })).status, {
        timeout: 30_000,
      })
      .toBe(200);
  });

  test('of one address stop it before anything behind the gateway is asked', async () => {
    const flood = Array.from({ length: 400 }, () => ask(scene, '/storage/signed/none'));
    const counts = tally(await Promise.all(flood));
    expect(counts[429]).toBeGreaterThan(0);
    await expect
      .poll(async () => (await ask(scene, '/storage/signed/none')).status, { timeout: 30_000 })
      .not.toBe(429);
  });
});
