import type { Duplex } from 'node:stream';
import { UserError } from '../../engine/errors';
import { parseSshHost, SshStream } from './ssh';
import { parseSsmServer, tunnelTo, TunnelSocket } from './ssm';

/** A way into a deployment: `reach=…` in the URL of one of its services. */
export interface Reach {
  /** Makes the way to a host and port, as they are reached from its other end, ready: each call opens a connection. */
  to(host: string, port: string): Promise<() => Duplex>;
}

/**
 * Reads `ssh://user@host`, which goes through the ssh command, or `ssm://i-…?region=…`, which goes through a session of AWS
 * Systems Manager. Throws a `UserError` that never repeats a password.
 */
export function parseReach(text: string): Reach {
  if (text.startsWith('ssh://')) {
    const target = parseSshHost(text);
    return {
      to: (host, port) =>
        Promise.resolve(() => new SshStream(target, { forward: `${host}:${port}` })),
    };
  }
  if (text.startsWith('ssm://')) {
    const server = parseSsmServer(text);
    return {
      async to(host, port) {
        const local = await tunnelTo(server, host, port);
        return () => new TunnelSocket(local);
      },
    };
  }
  throw new UserError('must look like ssh://user@host or ssm://i-0123456789abcdef0?region=…');
}
