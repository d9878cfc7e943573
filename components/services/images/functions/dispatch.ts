import { setTimeout as sleep } from 'node:timers/promises';
import type { CronFunction, EventFunction } from './api';
import type { Identity } from './database';
import { described, logger } from './log';
import type { Named } from './load';
import type { Held, Outbox } from './outbox';
import { runAsNobody, runAsTenant, type Run, type Runtime } from './run';
import { withoutSecrets } from './environment';

const log = logger();

/** How long nothing is asked when nothing wakes the dispatcher: what a failure or a lease puts off comes back by this. */
const pollMs = 1000;

/** Events at once in one process. */
const mostAtOnce = 10;

/** A cron function goes through all tenants, so it may take this many times a run's time. */
const cronTimes = 10;

/** Between the end of a run's time and the end of its lease, in seconds. */
const slack = 5;

/** Hands events and ticks to their functions until it is stopped. */
export class Dispatcher {
  private readonly running = new Set<Promise<void>>();
  private stopping = false;
  private awake = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly outbox: Outbox,
    private readonly events: Named<'event'>,
    private readonly crons: Named<'cron'>,
  ) {}

  start(): void {
    this.loop = this.run();
  }

  /** Something may be due: look now instead of at the next poll. */
  wake(): void {
    this.awake.abort();
  }

  /** Takes nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
    await Promise.all(this.running);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const { signal } = (this.awake = new AbortController());
      const found = await this.take().catch((error: unknown) => {
        log.error('the outbox cannot be asked', described(error));
        return 0;
      });
      if (found === 0) await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Starts what is due, as far as there is room; how much. */
  private async take(): Promise<number> {
    const { seconds } = this.runtime;
    const room = mostAtOnce - this.running.size;
    const ticks = await this.outbox.claim(
      [...this.crons.keys()],
      room,
      seconds * cronTimes + slack,
    );
    const changes = await this.outbox.claim(
      [...this.events.keys()],
      room - ticks.length,
      seconds + slack,
    );
    for (const held of [...ticks, ...changes]) {
      const run = this.handle(held).finally(() => {
        this.running.delete(run);
        this.wake();
      });
      this.running.add(run);
    }
    return ticks.length + changes.length;
  }

  private async handle(held: Held): Promise<void> {
    try {
      await this.call(held);
    } catch (error) {
      await this.failed(held, error);
      return;
    }
    // What is done and cannot be said to be done comes again when its lease ends: at least once.
    const kept = await this.outbox.complete(held).catch((error: unknown) => {
      log.error('an event could not be completed', { event: held.id, ...described(error) });
      return true;
    });
    if (!kept) log.warn('an event took longer than its lease', { event: held.id });
  }

  private async call(held: Held): Promise<void> {
    const { id, function: name, occurredAt, attempt } = held;
    const event = this.events.get(name);
    if (event) return this.callEvent(event, held);
    const cron = this.crons.get(name);
    if (!cron) throw new Error(`${name} is no function of this worker`);
    const run: Run = { id, name, kind: 'cron', seconds: this.runtime.seconds * cronTimes };
    await runAsNobody(this.runtime, run, (context) =>
      cron.handler(
        { id, at: occurredAt, attempt },
        { ...context, forEachTenant: (task) => this.forEachTenant(run, context.signal, task) },
      ),
    );
  }

  private async callEvent({ handler }: EventFunction, held: Held): Promise<void> {
    const { id, function: name, tenantId, relation, operation, key, occurredAt, attempt } = held;
    if (tenantId === null || operation === 'tick') throw new Error('an event of no tenant');
    const run: Run = { id, name, kind: 'event' };
    await runAsTenant(this.runtime, run, madeBy(tenantId, held), (context) =>
      handler(
        {
          id,
          table: relation ?? '',
          operation,
          key: key ?? {},
          old: held.old,
          new: held.new,
          oversized: held.oversized,
          occurredAt,
          attempt,
        },
        context,
      ),
    );
  }

  private async forEachTenant(
    { id, name }: Run,
    signal: AbortSignal,
    task: Parameters<Parameters<CronFunction['handler']>[1]['forEachTenant']>[0],
  ): Promise<void> {
    const failures: unknown[] = [];
    for (const tenantId of await this.outbox.activeTenants()) {
      signal.throwIfAborted();
      const itself: Identity = { tenantId, userId: undefined, role: 'admin' };
      const run: Run = { id, name, kind: 'cron tenant', left: signal };
      await runAsTenant(this.runtime, run, itself, task).catch((error: unknown) =>
        failures.push(error),
      );
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, `it failed for ${String(failures.length)} tenants`);
    }
  }

  private async failed(held: Held, error: unknown): Promise<void> {
    const text = withoutSecrets(described(error).error);
    const became = await this.outbox.fail(held, text).catch((lost: unknown) => {
      log.error('a failure could not be entered', { event: held.id, ...described(lost) });
      return null;
    });
    if (became === 'dead') log.error('given up', { function: held.function, event: held.id });
  }
}

/** Whoever changed the row, with the role that they had then; the tenant itself where maintenance did. */
function madeBy(tenantId: string, { userId, role }: Held): Identity {
  if (userId === null || role === null) return { tenantId, userId: undefined, role: 'admin' };
  return { tenantId, userId, role };
}
