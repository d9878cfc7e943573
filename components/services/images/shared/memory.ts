interface Options {
  /** How many answers are kept; the oldest goes first. As many misses are kept, apart. */
  readonly max: number;
  readonly ttlMs: number;
  /** For the answer that there is nothing. */
  readonly missTtlMs: number;
}

interface Entry<T> {
  readonly value: T | undefined;
  readonly until: number;
}

/** Answers that are remembered for a while. Nobody is asked twice at the same time for the same thing. */
export class Memory<T> {
  private readonly hits = new Map<string, Entry<T>>();
  /** Apart, so that whoever asks for what does not exist pushes nothing else out. */
  private readonly misses = new Map<string, Entry<T>>();
  private readonly running = new Map<string, Promise<T | undefined>>();
  private generation = 0;

  constructor(private readonly options: Options) {}

  /** What is remembered, or else what `load` answers. Throws what `load` throws. */
  async ask(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const fresh = this.fresh(key);
    if (fresh) return fresh.value;
    let asking = this.running.get(key);
    if (!asking) {
      asking = this.load(key, load);
      this.running.set(key, asking);
    }
    try {
      return await asking;
    } finally {
      if (this.running.get(key) === asking) this.running.delete(key);
    }
  }

  /** Forgets what `concerns`, and what is being asked: that answer may be from before the change. */
  forget(concerns: (key: string, value: T) => boolean = () => true): void {
    this.generation += 1;
    this.running.clear();
    this.misses.clear();
    for (const [key, { value }] of this.hits) {
      if (value !== undefined && concerns(key, value)) this.hits.delete(key);
    }
  }

  private fresh(key: string): Entry<T> | undefined {
    const entry = this.hits.get(key) ?? this.misses.get(key);
    return entry && performance.now() < entry.until ? entry : undefined;
  }

  private async load(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const { generation } = this;
    const value = await load();
    this.hits.delete(key);
    if (generation !== this.generation) return value;
    const [entries, ttl] =
      value === undefined ? [this.misses, this.options.missTtlMs] : [this.hits, this.options.ttlMs];
    entries.delete(key);
    entries.set(key, { value, until: performance.now() + ttl });
    const [oldest] = entries.keys();
    if (entries.size > this.options.max && oldest !== undefined) entries.delete(oldest);
    return value;
  }
}
