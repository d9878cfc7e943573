import { block, file as lines, type Line } from '../services/gateway/text';
import { file, secretFile } from '../services/paths';
import type { SecretSource, Workload } from '../services/service';

const scratch = '/tmp';

/** What an end of a link is made of, besides what all of them are. */
type End = Pick<
  Workload,
  'name' | 'port' | 'expose' | 'published' | 'resources' | 'healthCommand'
> & {
  readonly image: string;
  /** What it is handed as files: its certificate, and whom it trusts. */
  readonly secrets?: Workload['secrets'];
  /** File name → text, besides that of nginx. */
  readonly files?: Readonly<Record<string, string>>;
  /** How many processes share the connections. */
  readonly processes: 'auto' | 1;
  /** What stands in the block `stream`. */
  readonly stream: readonly Line[];
  /** What stands there for `{{NAME}}`. */
  readonly values?: Readonly<Record<string, SecretSource>>;
};

/** Where an end that shows a certificate of the platform's authority finds it, and whom it trusts. */
export const secrets = {
  certificate: secretFile('CERTIFICATE'),
  key: secretFile('CERTIFICATE_KEY'),
  authority: secretFile('AUTHORITY'),
} as const;

/** The sources of these. */
export function shows(certificate: string): Workload['secrets'] {
  return {
    CERTIFICATE: { certificate, part: 'certificate' },
    CERTIFICATE_KEY: { certificate, part: 'key' },
    AUTHORITY: { authority: 'certificate' },
  };
}

/**
 * One end of links: nginx that passes connections on. Runs as 101 on a read-only root without capabilities. Healthy when
 * its port is open; whether the other end answers is known by whoever asks through it. Costs 4 MB, and 60 to 75 kB for
 * each connection (2,000 held open, nginx 1.22, 2026-11-22).
 */
export function end({ processes, stream, values, files, ...own }: End): Workload {
  const text = configuration(processes, stream);
  return {
    kind: 'workload',
    entrypoint: ['nginx'],
    command: ['-e', 'stderr', '-c', file('nginx.conf')],
    environment: {},
    secrets: {},
    files: { ...files, 'nginx.conf': values ? { template: text, secrets: values } : text },
    scratch: [scratch],
    user: '101:101',
    sysctls: patience,
    needs: [],
    metrics: { none: 'nginx counts no streams; those who ask through it say whether it works' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    ...own,
  };
}

/**
 * A silent peer is asked after a minute and given up after two; one that takes nothing in, after 100 s. The kernel's own
 * two hours and 15 minutes would leave whoever only listens with a dead connection for as long.
 */
const patience = {
  'net.ipv4.tcp_keepalive_time': '60',
  'net.ipv4.tcp_keepalive_intvl': '10',
  'net.ipv4.tcp_keepalive_probes': '6',
  'net.ipv4.tcp_retries2': '8',
} as const;

function configuration(processes: End['processes'], stream: readonly Line[]): string {
  return lines(
    '# Strata: an end of the links between servers.',
    '# Where streams are a module of their own, as in the nginx of Debian.',
    'include /etc/nginx/modules-enabled/*.conf;',
    'daemon off;',
    `pid ${scratch}/nginx.pid;`,
    `worker_processes ${processes};`,
    'worker_rlimit_nofile 8192;',
    '# Connections to a database never end by themselves.',
    'worker_shutdown_timeout 5s;',
    'error_log stderr error;',
    '',
    block('events', 'worker_connections 4096;'),
    '',
    block(
      'stream',
      '# Callers hear quickly that nobody answers.',
      'proxy_connect_timeout 5s;',
      '# A connection may be silent for as long as it likes (LISTEN, WebSockets): the kernel finds out whether its peer is there.',
      'proxy_timeout 365d;',
      'proxy_socket_keepalive on;',
      '',
      stream,
    ),
  );
}
