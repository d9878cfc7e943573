import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { messageOf } from '../../../../engine/errors';
import { withClient } from '../../../../provider/database/connect';
import { claim, counts, jobChannel, nextDue, sweep } from '../../../../provider/tenancy/jobs';
import { Runner, type RunnerOptions } from './runner';

export interface WorkerOptions extends RunnerOptions {
  /** Jobs at the same time. */
  readonly atOnce: number;
  /** So often it looks for jobs without being told. */
  readonly pollSeconds: number;
}

const keepDays = 30;
const sweepEveryMs = 3_600_000;
const reconnectMs = 1_000;

/** After so many polls without the registry nobody waits any longer. */
const staleRounds = 3;

/**
 * Takes what is asked for in `registry.tenant_jobs` and does it, until it is stopped. Any number of workers share the
 * jobs; a job whose worker is gone is taken over when its lease ends, and one that fails is tried five times.
 */
export class Worker {
  private readonly runner: Runner;
  private readonly stopped = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private working: Promise<void> | undefined;
  /** Not yet, but just started. */
  private lookedAt = performance.now();
  private wake: () => void = () => undefined;
  private due = true;
  private sweptAt = -Infinity;

  constructor(private readonly options: WorkerOptions) {
    this.runner = new Runner(options);
  }

  start(): void {
    this.working = this.run();
  }

  /** Why jobs are not taken; undefined while they are. */
  problem(): string | undefined {
    const silent = performance.now() - this.lookedAt;
    if (silent < staleRounds * this.options.pollSeconds * 1000) return undefined;
    return `jobs were last looked for ${String(Math.round(silent / 1000))} s ago`;
  }

  /** Jobs by their state. */
  figures(): Promise<Record<string, number>> {
    return this.runner.note(counts);
  }

  /** Takes no more; done when what runs is done. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.notice();
    await this.working;
    await Promise.all(this.running);
  }

  private async run(): Promise<void> {
    while (!this.isStopped()) {
      try {
        await withClient(this.options.url, (client) => this.session(client));
      } catch (error) {
        if (this.isStopped()) return;
        const fields = { reason: messageOf(error) };
        this.options.log('warn', 'the registry does not answer: jobs wait', fields);
        await sleep(reconnectMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      }
    }
  }

  /** Ends by an error when the connection does, and without one when this worker is stopped. */
  private async session(client: Client): Promise<void> {
    const lost = new AbortController();
    client.on('notification', () => {
      this.notice();
    });
    client.once('end', () => {
      lost.abort(new Error('the connection ended'));
      this.notice();
    });
    await client.query(`set role strata_maintenance; listen ${jobChannel}`);
    while (!this.isStopped()) {
      this.due = false;
      await this.tidy(client);
      await this.takeAll(client);
      this.lookedAt = performance.now();
      await this.untilDue(await nextDue(client));
      lost.signal.throwIfAborted();
    }
  }

  private async takeAll(client: Client): Promise<void> {
    const { atOnce, leaseSeconds } = this.options;
    while (this.running.size < atOnce && !this.isStopped()) {
      const job = await claim(client, leaseSeconds);
      if (!job) return;
      const doing: Promise<void> = this.runner.run(job).finally(() => {
        this.running.delete(doing);
        this.notice();
      });
      this.running.add(doing);
    }
  }

  private async tidy(client: Client): Promise<void> {
    if (performance.now() - this.sweptAt < sweepEveryMs) return;
    this.sweptAt = performance.now();
    await sweep(client, keepDays);
  }

  private notice(): void {
    this.due = true;
    this.wake();
  }

  /** `next` is in how many seconds something is due that nobody will tell of. */
  private async untilDue(next: number | undefined): Promise<void> {
    if (this.due || this.isStopped()) return;
    const seconds = Math.min(next ?? Infinity, this.options.pollSeconds);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, seconds * 1000);
    });
    clearTimeout(timer);
  }

  private isStopped(): boolean {
    return this.stopped.signal.aborted;
  }
}
