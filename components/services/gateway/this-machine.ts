import { thisMachine, type GatewaySettings } from '../../settings/gateway';
import type { Layout } from './input';

/** Where the container writes what it found out about its machine. */
export function machineFile({ scratch }: Layout): string {
  return `${scratch}/${thisMachine}.conf`;
}

/**
 * How the gateway starts. Docker chooses the network's addresses when it makes it, so nobody can write them down before:
 * where this machine is an operator, the container first reads its default route, which is the machine's own address
 * there. Without exactly such a route nobody is added.
 */
export function start(
  { operators }: GatewaySettings,
  layout: Layout,
): { entrypoint: readonly string[]; command: readonly string[] } {
  // Not the image's script, which would write to its configuration.
  const script = `awk '${awk}' ${layout.routingTable} > ${machineFile(layout)}\nexec nginx "$@"`;
  return {
    entrypoint: operators.includes(thisMachine) ? ['sh', '-c', script, 'nginx'] : ['nginx'],
    command: ['-e', 'stderr', '-c', `${layout.files}/nginx.conf`],
  };
}

// Columns of /proc/net/route: gateway 3, flags 4 (3: up, by a gateway), mask 8 (0: to everywhere). Bytes stand in reverse.
const awk = `
function digit(at) { return index("0123456789ABCDEF", substr($3, at, 1)) - 1 }
function byte(at) { return 16 * digit(at) + digit(at + 1) }
$4 == "0003" && $8 == "00000000" && length($3) == 8 && $3 ~ /^[0-9A-F]+$/ {
  print "allow " byte(7) "." byte(5) "." byte(3) "." byte(1) ";"
  exit
}`;
