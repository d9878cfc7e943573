import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { block } from '../services/gateway/text';
import { file } from '../services/paths';
import { image } from '../services/images';
import type { Workload } from '../services/service';
import { hasManagedCache } from '../settings/aws';
import type { Settings } from '../settings/schema';
import type { ServerGroup } from '../targets/target';
import { end } from './end';

/** Amazon's own authorities (Amazon Trust Services), one of which has signed the certificate of whatever it runs. */
export function amazonAuthorities(): string {
  return tls.rootCertificates
    .filter((certificate) =>
      /^(?:O=Amazon|CN=Starfield Services Root Certificate Authority - G2)$/m.test(
        new X509Certificate(certificate).subject,
      ),
    )
    .join('\n');
}

/**
 * The same groups, without the cache where somebody else runs it: each server has a way of its own to it, so none stands
 * between it and the others.
 */
export function ledToCache(
  groups: readonly ServerGroup[],
  settings: Pick<Settings, 'images' | 'target' | 'aws'>,
): readonly ServerGroup[] {
  if (!hasManagedCache(settings)) return groups;
  const cache = groups.flatMap(({ services }) => services).find(({ name }) => name === 'redis');
  if (cache?.kind !== 'workload') return groups;
  const way = wayToCache(cache, image(settings, 'nginx'));
  return groups.map((group) => ({
    ...group,
    services: [way, ...group.services.filter((service) => service !== cache)],
  }));
}

/**
 * Stands for `cache` where Amazon ElastiCache has its place: has its name and listens on its port, so that whoever asks
 * for it speaks as to a Redis beside it.
 *
 * It passes each connection on by TLS, and only to a server with a certificate of `authorities` for the very name of the
 * endpoint. That name is looked up anew for new connections: after a failover it leads to another node. What may be
 * asked is decided by the user whom the caller logs in as. Healthy when the cache answers through it that one has to log
 * in.
 */
export function wayToCache(
  { name, port }: Workload,
  nginx: string,
  authorities = amazonAuthorities(),
): Workload {
  if (port === undefined) throw new Error(`${name} has no port`);
  return end({
    name,
    image: nginx,
    processes: 1,
    port,
    resources: { memory: '192M' },
    healthCommand: ['bash', '-c', asks(port)],
    files: { 'authorities.pem': `${authorities}\n` },
    values: { CACHE: { cacheHost: true } },
    stream: [
      'resolver 127.0.0.11 valid=5s ipv6=off;',
      'resolver_timeout 2s;',
      '',
      'proxy_ssl on;',
      'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
      `proxy_ssl_trusted_certificate ${file('authorities.pem')};`,
      'proxy_ssl_verify on;',
      '# From the endpoint to a root there are others in between.',
      'proxy_ssl_verify_depth 4;',
      'proxy_ssl_server_name on;',
      'proxy_ssl_name {{CACHE}};',
      'proxy_ssl_session_reuse off;',
      '',
      ...block(
        'server',
        `listen ${port} so_keepalive=on;`,
        '# A name in a variable is looked up when somebody comes, not when nginx starts.',
        'set $cache {{CACHE}};',
        `proxy_pass $cache:${port};`,
      ),
    ],
  });
}

/** Whoever has not logged in is told so: by the cache, since this end knows nothing of its language. */
function asks(port: number): string {
  return `exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'PING\\r\\n' >&3 && read -r -t 4 answer <&3 && [[ $answer == -NOAUTH* ]]`;
}
