import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Board } from './support/board';
import { runs, seed } from '../../support/random';
import { Api, firstApiDifference } from './support/graphql';
import { anyRequest } from './support/graphql-requests';
import { startTwins, type Twins } from './support/scene';

let twins: Twins;
let apis: readonly Api[];

beforeAll(async () => {
  twins = await startTwins();
  apis = await Promise.all(
    [twins.one, twins.other].map((server) => Api.start(server, new Board(server))),
  );
});

afterAll(async () => {
  await Promise.all(apis.map((api) => api.stop()));
  await twins.stop();
});

test('two worlds that differ in the rows of B answer A with the same bytes', async () => {
  const numRuns = runs(400);
  const started = Date.now();
  const found = await firstApiDifference(
    apis,
    fc.array(anyRequest(), { minLength: 1, maxLength: 5 }),
    {
      seed,
      numRuns,
    },
  );
  const [{ answers } = { answers: new Map<string, number>() }] = apis;
  console.info(
    `GraphQL: ${String(numRuns)} sequences in ${String(Date.now() - started)} ms, STRATA_TEST_SEED=${String(seed)}: ${JSON.stringify([...answers])}`,
  );
  expect(found).toBeUndefined();
  const part = (answers.get('data') ?? 0) / [...answers.values()].reduce((sum, n) => sum + n, 0);
  expect(part).toBeGreaterThan(0.3);
});
