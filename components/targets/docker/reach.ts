/** The host's own address: what is published there, nobody on another machine reaches. */
export const loopback = '127.0.0.1';

/** Whether the engine is on a machine that ssh leads to; its loopback address is that machine's. */
export function isRemote(host: string | undefined): host is string {
  return host?.startsWith('ssh://') ?? false;
}
