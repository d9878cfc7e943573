import { block, map } from '../services/gateway/text';
import type { Workload } from '../services/service';
import { end, secrets, shows } from './end';
import { linkName, linkPort, wayIn as name, wayOut } from './names';
import { portsOf } from './ports';

/**
 * Lets other servers in to `services`, which stand on this one, at its port 9443: the only one that they find open.
 *
 * It takes TLS 1.3 with a certificate of the platform's authority that is for links alone: the authority says what each
 * is for, so neither the gateway's nor another service's opens anything. The name that is asked for (SNI) says which
 * service and port; what is not in the list is refused, and written to the log. Services are looked up when they are
 * asked for: it starts before them, and a replaced one is found.
 */
export function wayIn(services: readonly Workload[], image: string): Workload {
  return end({
    name,
    image,
    secrets: shows(name),
    processes: 'auto',
    port: linkPort,
    published: { [linkPort]: linkPort },
    resources: { memory: '256M' },
    stream: [
      'resolver 127.0.0.11 valid=5s ipv6=off;',
      'resolver_timeout 2s;',
      '',
      '# Who may ask for what.',
      'map_hash_bucket_size 256;',
      map('"$ssl_client_verify $ssl_client_s_dn $ssl_server_name"', '$service', {
        ...Object.fromEntries(services.flatMap(rows)),
        default: '""',
      }),
      '',
      map('$service', '$refused', { '""': '1', default: '0' }),
      `log_format refused escape=json '${JSON.stringify(refused)}';`,
      'access_log /dev/stdout refused if=$refused;',
      '',
      block(
        'server',
        `listen ${linkPort} ssl so_keepalive=on;`,
        'ssl_protocols TLSv1.3;',
        `ssl_certificate ${secrets.certificate};`,
        `ssl_certificate_key ${secrets.key};`,
        `ssl_client_certificate ${secrets.authority};`,
        'ssl_verify_client on;',
        'ssl_verify_depth 1;',
        '# Who comes again is looked at again.',
        'ssl_session_cache off;',
        'ssl_session_tickets off;',
        'ssl_handshake_timeout 10s;',
        'proxy_pass $service;',
      ),
    ],
  });
}

const refused = {
  time: '$time_iso8601',
  address: '$remote_addr',
  verified: '$ssl_client_verify',
  client: '$ssl_client_s_dn',
  refused: '$ssl_server_name',
};

function rows(service: Workload): [string, string][] {
  return portsOf(service).map((port) => [
    `"SUCCESS CN=${wayOut} ${linkName(service.name, port)}"`,
    `${service.name}:${port}`,
  ]);
}
