import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { models } from '../../../components/tenancy/places';
import { Board } from './support/board';
import { firstDifference } from './support/compare';
import { runs, seed } from '../../support/random';
import { doors } from './support/doors';
import { startTwins, type Twins } from './support/scene';
import { anySequence } from './support/sequence';

/** No right, no such row to refer to, taken, no such name, a cast and a division that fail, a check, no claims. */
const errors = ['42501', '23503', '23505', '42P01', '22P02', '22012', '23514', '28000'];

let twins: Twins;
let boards: [Board, Board];

beforeAll(async () => {
  twins = await startTwins();
  boards = [new Board(twins.one), new Board(twins.other)];
  for (const board of boards) await board.begin();
});

afterAll(() => twins.stop());

/** B has rows in every model at the same time, so each sequence tries three pairs of models. */
describe('two worlds that differ in the rows of B are one to A', () => {
  test.each(models)('in model %s, against B in all three', async (model) => {
    const open = doors.filter((door) => door.model === model);
    const numRuns = runs(1000);
    const started = Date.now();
    const found = await firstDifference(boards, anySequence(open), { seed, numRuns });
    console.info(
      `${model}: ${String(numRuns)} sequences in ${String(Date.now() - started)} ms, STRATA_TEST_SEED=${String(seed)}`,
    );
    expect(found).toBeUndefined();
  });

  test('though they do differ, in every database', () => {
    const [one, other] = boards.map(({ hash }) => hash?.split(' '));
    expect(one).toHaveLength(2);
    expect(one?.filter((part, at) => part === other?.[at])).toEqual([]);
  });

  test('and what A does comes to something, in every way that there is', () => {
    const [{ outcomes }] = boards;
    const wanted = ['rows', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', ...errors];
    expect(wanted.filter((outcome) => !outcomes.has(outcome))).toEqual([]);
    const all = [...outcomes.values()].reduce((sum, n) => sum + n, 0);
    const failed = [...outcomes].filter(([outcome]) => /^[0-9A-Z]{5}$/.test(outcome));
    const part = failed.reduce((sum, [, n]) => sum + n, 0) / all;
    console.info(`${String(all)} statements, of which ${(part * 100).toFixed(0)} % failed`);
    expect(part).toBeLessThan(0.7);
  });
});
