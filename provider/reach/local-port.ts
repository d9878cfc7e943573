import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where a program of this machine finds the other end of a way. */
export interface LocalPort {
  readonly host: string;
  readonly port: string;
  /** Takes no more connections; those that are open go on. */
  readonly close: () => void;
}

const host = '127.0.0.1';

/**
 * A free port of this machine's loopback address, for programs that know no `Reach`: each connection to it is one of
 * `open`. Other users of this machine find it too: what is behind it has to ask for a password.
 */
export async function localPort(open: () => Duplex): Promise<LocalPort> {
  const server = createServer((here) => {
    const there = open();
    here.pipe(there).pipe(here);
    // The program says itself that it lost its server.
    here.on('error', () => there.destroy()).on('close', () => there.destroy());
    there.on('error', () => here.destroy()).on('close', () => here.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { host, port: String(port), close: () => server.close() };
}
