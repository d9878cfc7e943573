/** Whether the engine is on a machine that ssh leads to; its loopback address is that machine's. */
export function isRemote(host: string | undefined): host is string {
  return host?.startsWith('ssh://') ?? false;
}
