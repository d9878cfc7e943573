import type { RealtimeChannel } from '@supabase/supabase-js';

/** Joins, and answers with what became of it: SUBSCRIBED, or the error's text. */
export async function subscribed(channel: RealtimeChannel): Promise<string> {
  return new Promise((resolve) => {
    channel.subscribe((status, error) => resolve(error?.message ?? status));
  });
}

/** What arrives of a kind, in its order, to be waited for. */
export class Mailbox<T = unknown> {
  readonly all: T[] = [];
  private taken = 0;
  private wake: () => void = () => undefined;

  readonly put = (message: T): void => {
    this.all.push(message);
    this.wake();
  };

  async next(): Promise<T> {
    for (;;) {
      if (this.taken < this.all.length) return this.all[this.taken++] as T;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
