import { lookup } from 'node:dns/promises';
import type { ClientConfig } from 'pg';
import { log } from '../shared/log';
import { addressesOf, end } from './console';

/**
 * Ends the pooler when it looks for `host` where that is no more, so that it is started anew and looks again. What reads
 * names for PgBouncer (c-ares 1.34.8, seen with 1.26.1) keeps an answer for as long as the answer says, 10 minutes with
 * Docker's, past `dns_max_ttl`: a database that came back at another address would be away for as long. Sessions to it
 * are broken by then. Throws the error of a connection or a look-up that failed.
 */
export async function leaveOldAddress(
  console: ClientConfig,
  host: string,
  look: (host: string) => Promise<readonly string[]> = addressesNow,
): Promise<void> {
  const held = await addressesOf(console, host);
  if (held.length === 0) return;
  const now = await look(host);
  if (now.some((address) => held.includes(address))) return;
  log('warn', 'the pooler looks for the database where it is no more: it is ended', { held, now });
  await end(console);
}

async function addressesNow(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
