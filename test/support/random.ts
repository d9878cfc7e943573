/** Of every random test: by the clock, unless `STRATA_TEST_SEED` replays. */
export const seed = Number(process.env.STRATA_TEST_SEED ?? Date.now() % 2 ** 31);

/** How often a random test tries; `STRATA_TEST_RUNS` multiplies what is usual. */
export function runs(usual: number): number {
  return Math.ceil(usual * Number(process.env.STRATA_TEST_RUNS ?? 1));
}

/** Random numbers that a seed repeats (mulberry32): from 0 up to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
