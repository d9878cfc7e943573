import type { Pool } from 'pg';

const flushMs = 10_000;

/**
 * Counts uses of API keys here and adds them up in the database every ten seconds: a row that each request writes would
 * be the slowest part of it. What was counted since is lost when the process is killed; nothing when it is stopped.
 */
export class Usage {
  private counts = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: Pool,
    private readonly onTrouble: (message: string) => void,
  ) {
    this.timer = setInterval(() => void this.flush(), flushMs);
    this.timer.unref();
  }

  count(keyId: string): void {
    this.counts.set(keyId, (this.counts.get(keyId) ?? 0) + 1);
  }

  /** Counts that could not be written are kept for the next time. One flush runs at a time. */
  flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.write());
    return this.flushing;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async write(): Promise<void> {
    if (this.counts.size === 0) return;
    const written = this.counts;
    this.counts = new Map();
    try {
      await this.pool.query('select tenancy.count_api_key_uses($1, $2)', [
        [...written.keys()],
        [...written.values()],
      ]);
    } catch (error) {
      this.onTrouble((error as Error).message);
      for (const [id, uses] of written) this.counts.set(id, (this.counts.get(id) ?? 0) + uses);
    }
  }
}
