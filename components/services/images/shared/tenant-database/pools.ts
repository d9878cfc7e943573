import type { PoolClient } from 'pg';
import { Refusal } from '../refusal';
import type { SteadyPool } from './steady-pool';

/** How long room for another pool is waited for. */
const patienceMs = 60_000;

/** A bounded number of pools, by name. Where another one is wanted, the one that was idle longest makes room. */
export class Pools {
  /** In the order of their use. */
  private readonly pools = new Map<string, SteadyPool>();
  /** Its connections still count. */
  private closing: Promise<void> | undefined;
  private waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** A connection of a pool, which `make` makes where there is none. Throws `Refusal` (503) when all stay busy. */
  async connect(name: string, make: (freed: () => void) => SteadyPool): Promise<PoolClient> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const pool = this.pools.get(name) ?? this.add(name, make);
      if (pool) {
        this.pools.delete(name);
        this.pools.set(name, pool);
        return pool.connect();
      }
      await this.untilFreed(deadline - performance.now());
    }
  }

  async end(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all([...pools.map((pool) => pool.end()), this.closing]);
  }

  private add(name: string, make: (freed: () => void) => SteadyPool): SteadyPool | undefined {
    if (this.pools.size + (this.closing ? 1 : 0) >= this.most) {
      this.closing ??= this.closeOne();
      return undefined;
    }
    const pool = make(() => {
      this.wake();
    });
    this.pools.set(name, pool);
    return pool;
  }

  /** Of those that nobody uses, the one whose last use is longest ago. */
  private closeOne(): Promise<void> | undefined {
    const [name, pool] = [...this.pools].find(([, { idle }]) => idle) ?? [];
    if (name === undefined || !pool) return undefined;
    this.pools.delete(name);
    return pool.end().finally(() => {
      this.closing = undefined;
      this.wake();
    });
  }

  private untilFreed(patience: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== wake);
        reject(
          new Refusal(503, 'database_busy', 'too many tenants are at work now: try again later'),
        );
      }, patience);
      this.waiting.push(wake);
    });
  }

  /** Whoever waits looks again: who comes first, gets it. */
  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }
}
