import type { Client } from 'pg';
import { withClient } from '../database/connect';

/** One connection at a time: kept as long as the same database is wanted, and made anew when it was lost. */
export class Session {
  private held:
    | { readonly url: string; readonly client: Client; readonly end: () => Promise<void> }
    | undefined;

  /** A connection to `url`; the one before is closed when it led elsewhere. Throws `UnreachableError`. */
  async at(url: string): Promise<Client> {
    if (this.held?.url === url) return this.held.client;
    await this.end();
    this.held = await hold(url);
    return this.held.client;
  }

  async end(): Promise<void> {
    const { held } = this;
    this.held = undefined;
    await held?.end();
  }
}

async function hold(
  url: string,
): Promise<{ url: string; client: Client; end: () => Promise<void> }> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let ended: Promise<void> = Promise.resolve();
  const client = await new Promise<Client>((resolve, reject) => {
    ended = withClient(url, (opened) => {
      resolve(opened);
      return released;
    });
    ended.catch(reject);
  });
  return {
    url,
    client,
    end: () => {
      release();
      // What was lost is not missed.
      return ended.catch(() => undefined);
    },
  };
}
