import type { Client } from 'pg';
import { Interrupted, UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { placeUrl } from './clusters';
import { FollowingCopy } from './move-copy';
import { enterSwitch, type Move } from './move-journal';
import { close, open, pause, resume } from './move-pause';
import { bringUp, standingOf } from './bring-up';
import { atPlace, lockable } from './place-lock';
import { synchronise, type Platform } from './provision';
import type { Registered } from './registry';

/** What it took to switch. */
export interface Switched {
  readonly rows: number;
  /** Copies of what had changed meanwhile, the one in the pause included. */
  readonly rounds: number;
  /** How long writers waited at most, in milliseconds. */
  readonly pauseMs: number;
}

interface Rule {
  readonly lockMs: number;
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
  readonly tell?: (message: string) => void | Promise<void>;
}

/** A round as small as this, or as short, is small enough for a pause. */
const enough = { keys: 100, ms: 250 };

/** So many rounds, and the tenant writes as fast as it is copied: the pause is longer then. */
const mostRounds = 20;

/**
 * Copies a tenant's rows, follows what it writes meanwhile, and switches to the copy in a pause of its writers. Throws,
 * and leaves the tenant where it is, when no pause can be had or the copy is not the same.
 */
export function follow(
  platform: Platform,
  tenant: Registered,
  move: Move,
  rule: Rule,
): Promise<Switched> {
  const { clusters, plan } = platform;
  const { from, to } = move;
  const source = placeUrl(clusters, from);
  return withClient(source, (lock) =>
    withClient(source, (read) =>
      withClient(placeUrl(clusters, to), (write) =>
        // Neither place is migrated meanwhile, and no second mover is at either, whatever became of its connections.
        atPlace(lock, lockable(from, tenant.id), () =>
          atPlace(write, lockable(to, tenant.id), async () => {
            if (from.model !== 'shared')
              await bringUp({ client: lock, place: from, tenantId: tenant.id, plan });
            const copy = await FollowingCopy.between(platform, move, { read, write });
            return new Following(platform, tenant, move, rule, { lock, write }, copy).run();
          }),
        ),
      ),
    ),
  );
}

class Following {
  private rounds = 0;

  constructor(
    private readonly platform: Platform,
    private readonly tenant: Registered,
    private readonly move: Move,
    private readonly rule: Rule,
    private readonly clients: { readonly lock: Client; readonly write: Client },
    private readonly copy: FollowingCopy,
  ) {}

  async run(): Promise<Switched> {
    await this.copy.all();
    await this.tell('all rows are copied');
    const deadline = performance.now() + this.rule.patienceMs;
    for (;;) {
      await this.catchUp();
      const began = performance.now();
      if (await pause(this.clients.lock, this.tenant.id, this.rule.lockMs)) {
        return this.switchOver(began);
      }
      await this.tell('somebody is in the middle of writing: the pause is tried again');
      if (performance.now() > deadline) {
        throw new UserError(
          `${this.tenant.slug} is not moved: for ${Math.round(this.rule.patienceMs / 1_000)} s there was always a ` +
            `transaction that had written and took longer than ${this.rule.lockMs} ms. Try again when it has ended`,
        );
      }
    }
  }

  /** Rounds until one is small: what is left is little. */
  private async catchUp(): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      this.refuseInterrupted();
      const began = performance.now();
      const keys = await this.round();
      if (keys !== 'all' && keys <= enough.keys && performance.now() - began <= enough.ms) return;
    }
  }

  private async round(): Promise<number | 'all'> {
    await this.synchronise();
    const keys = await this.copy.changes();
    this.rounds += 1;
    await this.tell(`round ${this.rounds}: ${keys} changed rows`);
    return keys;
  }

  private async switchOver(began: number): Promise<Switched> {
    const { lock, write } = this.clients;
    const { tenant, move } = this;
    try {
      await this.tell('writers wait');
      await this.round();
      const { rows, differences } = await this.copy.differences();
      if (differences.length > 0) throw new UserError(this.unlike(differences));
      this.refuseInterrupted();
      await this.tell(`same: all ${rows} rows`);
      await close(lock, tenant.id, move.from);
      await this.tell('the old place is closed');
      await enterSwitch(this.platform.clusters, tenant, move, await this.own());
      await this.tell('the registry has switched');
      await open(write, tenant.id, move.to);
      await resume(lock, tenant.id);
      const pauseMs = Math.round(performance.now() - began);
      await this.tell(`writers waited ${pauseMs} ms`);
      return { rows, rounds: this.rounds, pauseMs };
    } catch (error) {
      await resume(lock, tenant.id).catch(() => undefined);
      throw error;
    }
  }

  private unlike(differences: readonly string[]): string {
    return [
      `${this.tenant.slug} is not moved, its copy is not the same:`,
      ...differences.map((difference) => `  - ${difference}`),
      'Something writes to the copy, or wrote to the original for more than an hour in one transaction: let the ' +
        "application's own triggers do nothing for current_user strata_maintenance, and try again",
    ].join('\n');
  }

  /** New members come before the rows that name them; in the same database they are there, and writers hold them. */
  private async synchronise(): Promise<void> {
    const { clusters } = this.platform;
    const { from, to } = this.move;
    if (placeUrl(clusters, from) === placeUrl(clusters, to)) return;
    await synchronise(clusters, { ...this.tenant, model: to.model, shard: to.shard });
  }

  private async own(): Promise<Parameters<typeof enterSwitch>[3]> {
    const { to } = this.move;
    if (to.model === 'shared') return undefined;
    return {
      applied: (await standingOf(this.clients.write, to)).applied,
      version: this.platform.plan.version,
    };
  }

  private refuseInterrupted(): void {
    if (this.rule.signal?.aborted)
      throw new Interrupted(
        `Interrupted: ${this.tenant.slug} is not moved, and nothing of it is left at the new place.`,
      );
  }

  private async tell(message: string): Promise<void> {
    await this.rule.tell?.(message);
  }
}
