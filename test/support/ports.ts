import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what systems give to outgoing connections (from 32768 on): one of those may take a port before its server does. */
const first = 10_240;
const end = 32_768;

/**
 * Test processes that run side by side choose from slices of their own, as far as there are enough of them: a port is chosen
 * long before a server takes it. Suites that run beside others say from which slice on theirs are.
 */
const slices = 8;
const size = (end - first) / slices;
const slice =
  (Number(process.env.STRATA_TEST_SLICE ?? 0) + Number(process.env.VITEST_POOL_ID ?? 0)) % slices;

/** What this process was given already. */
const given = new Set<number>();

/** A port of this machine that nothing listens on, nothing is given by the system, and nobody here was given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + slice * size + randomInt(size);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
