import { setTimeout as sleep } from 'node:timers/promises';
import { nextTick } from './definition';
import type { Named } from './load';
import { described, logger } from './log';
import type { Outbox } from './outbox';

const log = logger();

/** Timers of Node hold 24.8 days; a month is waited for in pieces. */
const longestMs = 86_400_000;

/**
 * Enters each tick of each cron function into the outbox, where the first of all workers counts. Ticks that pass while
 * no worker is there, or while the database is away, are not made up for.
 */
export class Clock {
  private readonly over = new AbortController();

  constructor(
    private readonly outbox: Outbox,
    private readonly crons: Named<'cron'>,
  ) {}

  start(): void {
    for (const [name, { pattern }] of this.crons) void this.follow(name, pattern);
  }

  stop(): void {
    this.over.abort();
  }

  private async follow(name: string, pattern: string): Promise<void> {
    for (let from = new Date(); ;) {
      const at = nextTick(pattern, from);
      if (!at || !(await this.until(at))) return;
      await this.outbox.tick(name, at).catch((error: unknown) => {
        log.error('a tick is lost', { function: name, at, ...described(error) });
      });
      // What was slept through is left out, and the same tick never comes twice.
      from = new Date(Math.max(at.getTime(), Date.now() - 1000));
    }
  }

  /** True when it is that time, false when the clock was stopped before. */
  private async until(at: Date): Promise<boolean> {
    const { signal } = this.over;
    for (let left = at.getTime() - Date.now(); left > 0; left = at.getTime() - Date.now()) {
      await sleep(Math.min(left, longestMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return false;
    }
    return !signal.aborted;
  }
}
