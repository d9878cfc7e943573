/** What became of a call: it started a deployment, waits for the one that runs, or is served by one that waits. */
export type Taken = 'started' | 'waiting' | 'joined';

/**
 * One deployment at a time, and one that waits: it has not begun, so it deploys for all who called meanwhile.
 *
 * `deploy` must not throw.
 */
export class Deployments {
  private running: Promise<void> | undefined;
  private waiting = false;
  private closed = false;

  constructor(private readonly deploy: () => Promise<void>) {}

  take(): Taken {
    if (this.running === undefined) {
      this.running = this.run();
      return 'started';
    }
    if (this.waiting) return 'joined';
    this.waiting = true;
    return 'waiting';
  }

  /** Begins no more, and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    do {
      this.waiting = false;
      await this.deploy();
      // `take` may have set it while that ran.
    } while ((this.waiting as boolean) && !this.closed);
    this.running = undefined;
  }
}
