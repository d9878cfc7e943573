import { block } from '../services/gateway/text';
import type { Workload } from '../services/service';
import { end, secrets, shows } from './end';
import { linkName, linkPort, wayOut as certificate } from './names';
import { portsOf } from './ports';

/**
 * Stands for `service`, which is on the server at `address`: has its name and listens on its ports, so that whoever asks
 * for it here needs to know nothing of servers.
 *
 * It passes each connection on to that server by TLS 1.3, shows the certificate of links and goes on only if the other
 * side has that of a way in, for the very name that is asked for.
 */
export function wayOut(service: Workload, address: string, image: string): Workload {
  const ports = portsOf(service);
  const [port, ...expose] = ports;
  return end({
    name: service.name,
    image,
    secrets: shows(certificate),
    processes: 1,
    port,
    expose,
    resources: { memory: '192M' },
    stream: [
      'proxy_ssl on;',
      'proxy_ssl_protocols TLSv1.3;',
      `proxy_ssl_certificate ${secrets.certificate};`,
      `proxy_ssl_certificate_key ${secrets.key};`,
      `proxy_ssl_trusted_certificate ${secrets.authority};`,
      'proxy_ssl_verify on;',
      'proxy_ssl_verify_depth 1;',
      'proxy_ssl_server_name on;',
      'proxy_ssl_session_reuse off;',
      ...ports.flatMap((each) => [
        '',
        ...block(
          'server',
          `listen ${each} so_keepalive=on;`,
          `proxy_ssl_name ${linkName(service.name, each)};`,
          `proxy_pass ${address}:${linkPort};`,
        ),
      ]),
    ],
  });
}
