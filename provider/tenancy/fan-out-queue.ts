import { setTimeout as sleep } from 'node:timers/promises';

/** Work that several workers take from, and put back for later what did not go now. Nobody waits for one item's lock. */
export class Queue<T> {
  private readonly waiting: { readonly item: T; readonly due: number }[];

  constructor(
    items: readonly T[],
    private readonly signal: AbortSignal,
  ) {
    this.waiting = items.map((item) => ({ item, due: 0 }));
  }

  /** The next item, as soon as one is due; undefined when none is left, or everybody is to stop. */
  async take(): Promise<T | undefined> {
    const next = this.earliest();
    if (!next || this.signal.aborted) return undefined;
    const pause = next.due - performance.now();
    if (pause <= 0) return this.remove(next);
    await sleep(pause, undefined, { signal: this.signal }).catch(() => undefined);
    return this.take();
  }

  /** For later: whoever puts back takes again, so that nothing is left behind. */
  putBack(item: T, pauseMs: number): void {
    this.waiting.push({ item, due: performance.now() + pauseMs });
  }

  private earliest(): { item: T; due: number } | undefined {
    return this.waiting.reduce<{ item: T; due: number } | undefined>(
      (first, other) => (first && first.due <= other.due ? first : other),
      undefined,
    );
  }

  private remove(entry: { item: T; due: number }): T {
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    return entry.item;
  }
}
