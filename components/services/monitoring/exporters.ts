import { platformDatabase } from '../../tenancy/places';
import { stringify } from 'yaml';
import { fileAt } from '../database/host';
import { image } from '../images';
import type { TierName } from '../../settings/names';
import type { Service, Workload } from '../service';
import { databaseFigures } from './database-figures';
import { file, secretFile } from '../paths';
import { nobody, type Monitored } from './names';

/** What the exporters have in common. */
const exporter = {
  kind: 'workload',
  environment: {},
  secrets: {},
  files: {},
  user: nobody,
  needs: [],
  readsSchema: false,
  routes: {},
  replicas: 1,
  resources: { memory: '128M' },
} as const satisfies Partial<Workload>;

/**
 * What the exporters of hosts are called beyond their name. A way leads to a service by its name, so those of servers that
 * are looked at from elsewhere have names of their own; where there are several like servers, each is looked at from itself.
 */
const hosts = {
  single: [''],
  split: ['', '-data'],
  'load-balanced': ['', '-data', '-operations'],
} as const satisfies Record<TierName, readonly string[]>;

/** An exporter for each host, its containers, the database, and for those of `services` that need one. Pure. */
export function exporters(settings: Monitored, services: readonly Service[]): Workload[] {
  const names = services.map(({ name }) => name);
  return [
    ...hosts[settings.tier].flatMap((host) => [
      nodeExporter(settings, host),
      cadvisor(settings, host),
    ]),
    postgresExporter(settings),
    ...(names.includes('redis') ? [redisExporter(settings)] : []),
    ...(names.includes('pooler') ? [pgbouncerExporter(settings)] : []),
    ...(names.includes('gateway') ? [nginxExporter(settings)] : []),
  ];
}

/**
 * Processor, memory, load and disk of the host.
 *
 * It sees /proc and /sys of the host and no other folder. The disk is the one that its own root lies on, which is the
 * engine's: volumes, images and logs. It cannot see other disks, nor the host's network cards (upstream needs the host's
 * network for those). Its uid is nobody else's: below /proc a process may look into others of its own uid.
 */
function nodeExporter(settings: Monitored, host: string): Workload {
  return {
    ...exporter,
    name: `node-exporter${host}`,
    image: image(settings, 'node-exporter'),
    command: [
      '--path.procfs=/host/proc',
      '--path.sysfs=/host/sys',
      '--collector.disable-defaults',
      ...hostCollectors.map((name) => `--collector.${name}`),
      // Only the disk below this container can be measured; the host's other mounts are not here.
      '--collector.filesystem.mount-points-exclude=^/.+',
    ],
    hostFolders: { '/proc': '/host/proc', '/sys': '/host/sys' },
    user: '65533:65533',
    port: 9100,
    health: '/',
    metrics: { port: 9100, path: '/metrics' },
  };
}

const hostCollectors = [
  'cpu',
  'diskstats',
  'filefd',
  'filesystem',
  'loadavg',
  'meminfo',
  'pressure',
  'stat',
  'time',
  'uname',
  'vmstat',
];

/**
 * Processor and memory of each container, from the kernel's control groups alone.
 *
 * The engine's socket would be power over the host, and its folder holds every secret and every row, so it has neither:
 * it knows containers by their ids, not by their names, and sees neither images, nor restarts, nor who was killed for its
 * memory, nor disk and network of single containers. It was not run here. `docker ps --no-trunc` says whose id it is. Restarts show in the figures of the programs themselves.
 */
function cadvisor(settings: Monitored, host: string): Workload {
  return {
    ...exporter,
    name: `cadvisor${host}`,
    image: image(settings, 'cadvisor'),
    command: [
      '--port=8080',
      '--housekeeping_interval=15s',
      '--store_container_labels=false',
      `--disable_metrics=${uncounted.join(',')}`,
    ],
    hostFolders: { '/sys/fs/cgroup': '/sys/fs/cgroup' },
    resources: { memory: '256M' },
    port: 8080,
    health: '/healthz',
    metrics: { port: 8080, path: '/metrics' },
  };
}

/** What cAdvisor could only read with more rights, or what is many series for little. */
const uncounted = [
  'advtcp',
  'cpu_topology',
  'cpuset',
  'disk',
  'hugetlb',
  'memory_numa',
  'network',
  'percpu',
  'process',
  'referenced_memory',
  'resctrl',
  'sched',
  'tcp',
  'udp',
];

/** Figures of Postgres, as the role strata_monitor, who reads no row of any tenant. Past the pooler: it is not in there. */
function postgresExporter(settings: Monitored): Workload {
  const tls = `sslmode=verify-full&sslrootcert=${secretFile('AUTHORITY')}`;
  return {
    ...exporter,
    name: 'postgres-exporter',
    image: image(settings, 'postgres-exporter'),
    environment: {
      DATA_SOURCE_URI_FILE: file('uri'),
      DATA_SOURCE_USER: 'strata_monitor',
      // Called deprecated since 0.13, still there at 0.20.1 (upstream's source, 2026-11-21).
      PG_EXPORTER_EXTEND_QUERY_PATH: file('queries.yml'),
    },
    secrets: {
      DATA_SOURCE_PASS: { passwordOf: 'strata_monitor' },
      AUTHORITY: { authority: 'database' },
    },
    files: {
      'queries.yml': stringify(databaseFigures),
      uri: fileAt(settings, (host) => `${host}:5432/${platformDatabase}?${tls}\n`),
    },
    needs: ['database'],
    port: 9187,
    health: '/',
    metrics: { port: 9187, path: '/metrics' },
  };
}

/** Figures of the cache, as its user `monitor`, who reads no key. */
function redisExporter(settings: Monitored): Workload {
  return {
    ...exporter,
    name: 'redis-exporter',
    image: image(settings, 'redis-exporter'),
    environment: {
      REDIS_ADDR: 'redis://redis:6379',
      REDIS_USER: 'monitor',
      REDIS_PASSWORD_FILE: file('passwords.json'),
    },
    files: {
      // Address → password. v1.45 looks for the address as given, newer ones for the address with the user in it.
      'passwords.json': {
        template: `${JSON.stringify({
          'redis://redis:6379': '{{PASSWORD}}',
          'redis://monitor@redis:6379': '{{PASSWORD}}',
        })}\n`,
        secrets: { PASSWORD: { passwordOf: 'monitor' } },
      },
    },
    needs: ['redis'],
    port: 9121,
    health: '/health',
    metrics: { port: 9121, path: '/metrics' },
  };
}

/**
 * Figures of PgBouncer, read at its console by the role strata_monitor. prometheus-community's exporter: the one of
 * Prometheus' own community, released in 2026. It takes its connection from a flag or a variable only, so the flag stands
 * in a file: neither `docker inspect` nor the list of processes shows it.
 */
function pgbouncerExporter(settings: Monitored): Workload {
  const tls = `sslmode=verify-full&sslrootcert=${secretFile('AUTHORITY')}`;
  return {
    ...exporter,
    name: 'pgbouncer-exporter',
    image: image(settings, 'pgbouncer-exporter'),
    command: [`@${file('arguments')}`],
    secrets: { AUTHORITY: { authority: 'certificate' } },
    files: {
      arguments: {
        template: `--pgBouncer.connectionString=postgres://strata_monitor:{{PASSWORD}}@pooler:6432/pgbouncer?${tls}\n`,
        secrets: { PASSWORD: { passwordOf: 'strata_monitor' } },
      },
    },
    needs: ['pooler'],
    port: 9127,
    health: '/',
    metrics: { port: 9127, path: '/metrics' },
  };
}

/** Connections of the gateway. What it answers is counted from its log, by Alloy. */
function nginxExporter(settings: Monitored): Workload {
  return {
    ...exporter,
    name: 'nginx-exporter',
    image: image(settings, 'nginx-exporter'),
    command: ['--nginx.scrape-uri=http://gateway:8081/stub_status'],
    needs: ['gateway'],
    port: 9113,
    health: '/',
    metrics: { port: 9113, path: '/metrics' },
  };
}
