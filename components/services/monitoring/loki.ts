import { stringify } from 'yaml';
import { image } from '../images';
import type { Workload } from '../service';
import { file } from '../paths';
import { type Monitored } from './names';

/** Where Loki listens inside the network. */
export const lokiUrl = 'http://loki:3100';

const data = '/loki';

/**
 * Loki: the logs of all containers, on the volume `logs`, kept as long as the figures.
 *
 * Reached inside the network only; it has no login of its own, Grafana has. Options are those of upstream's documentation
 * for 3.x (2026-11-21); it was not run here.
 */
export function loki(settings: Monitored): Workload {
  return {
    kind: 'workload',
    name: 'loki',
    image: image(settings, 'loki'),
    command: [`-config.file=${file('loki.yml')}`],
    environment: {},
    secrets: {},
    files: { 'loki.yml': renderLoki(settings.monitoring.retention.days) },
    volumes: { [data]: 'logs' },
    user: '10001:10001',
    resources: { memory: '1G' },
    needs: [],
    port: 3100,
    health: '/ready',
    metrics: { port: 3100, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/** loki.yml for 3.x: one process, files on its own disk. Pure. */
function renderLoki(days: number): string {
  return stringify({
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: { http_listen_port: 3100, grpc_listen_address: '127.0.0.1', log_format: 'json' },
    common: {
      path_prefix: data,
      replication_factor: 1,
      ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
      storage: {
        filesystem: { chunks_directory: `${data}/chunks`, rules_directory: `${data}/rules` },
      },
    },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    limits_config: {
      retention_period: `${days * 24}h`,
      ingestion_rate_mb: 8,
      max_line_size: '64KB',
    },
    compactor: {
      working_directory: `${data}/compactor`,
      retention_enabled: true,
      delete_request_store: 'filesystem',
    },
  });
}
