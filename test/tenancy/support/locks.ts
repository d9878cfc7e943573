import type { Client } from 'pg';
import { expect } from 'vitest';

/** Waits until a session of the cluster waits for a lock. `admin` is a superuser, outside of a transaction. */
export async function untilSomebodyWaits(admin: Client): Promise<void> {
  await expect
    .poll(async () => (await admin.query('select from pg_locks where not granted')).rowCount, {
      timeout: 20_000,
      interval: 20,
    })
    .toBeGreaterThan(0);
}
