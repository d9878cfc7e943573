import fc from 'fast-check';
import type { Board } from './board';
import { script, type Sequence } from './sequence';

/** Why two worlds are not the same for A, readable; undefined when nothing was found. */
export async function firstDifference(
  boards: readonly [Board, Board],
  sequences: fc.Arbitrary<Sequence>,
  options: fc.Parameters<[Sequence]>,
): Promise<string | undefined> {
  let why = '';
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const found = await difference(boards, sequence);
    why = found ?? why;
    return found === undefined;
  });
  const {
    failed,
    counterexample,
    seed: used,
    numRuns,
    numShrinks,
  } = await fc.check(property, options);
  if (!failed) return undefined;
  const [sequence = []] = counterexample ?? [];
  // What was tried last is not what the shrinking ended with.
  why = (await difference(boards, sequence)) ?? why;
  return `After ${String(numRuns)} sequences, shrunk ${String(numShrinks)} times (STRATA_TEST_SEED=${String(used)}):\n\n${script(sequence)};\n\n${why}`;
}

async function difference(
  [one, other]: readonly [Board, Board],
  sequence: Sequence,
): Promise<string | undefined> {
  const [here, there] = await Promise.all([one.play(sequence), other.play(sequence)]);
  const kept = await Promise.all([one.restore(sequence), other.restore(sequence)]);
  if (kept.includes(false)) return 'It changed rows of others.';
  for (const [m, move] of sequence.entries()) {
    const texts = [
      `the beginning`,
      ...move.games,
      ...move.statements.map(({ text }) => text),
      move.end,
    ];
    for (const [s, text] of texts.entries()) {
      const [a, b] = [here[m]?.[s], there[m]?.[s]].map((seen) => JSON.stringify(seen));
      if (a !== b)
        return `${text}\n  answers in one world   ${String(a)}\n  and in the other world ${String(b)}`;
    }
  }
  return undefined;
}
