/** Private networks (RFC 1918, RFC 4193): where services and the engine's machine come from. */
const networks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/**
 * Who may connect: the operating system's `postgres` as the role of that name through the socket (health, backups), and
 * everybody else with a password through TLS from a private network. Postgres refuses what matches no line; the `reject`
 * lines only make it say why.
 */
export function renderHba(): string {
  const line = (...words: readonly string[]) => words.join('  ');
  return [
    '# type  database  user  address  method',
    line('local', 'all', 'postgres', 'peer'),
    line('local', 'all', 'all', 'reject'),
    line('hostnossl', 'all', 'all', 'all', 'reject'),
    ...networks.map((network) => line('hostssl', 'all', 'all', network, 'scram-sha-256')),
    line('host', 'all', 'all', 'all', 'reject'),
    '',
  ].join('\n');
}
