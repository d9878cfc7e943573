import { stringify } from 'yaml';
import { image } from '../images';
import type { Workload } from '../service';
import { file } from '../paths';
import { type Monitored } from './names';

/** Where Tempo is asked inside the network. */
export const tempoUrl = 'http://tempo:3200';

const otlpPort = 4318;
const data = '/var/tempo';

/**
 * Tempo: traces that services send by OTLP to `tempo:4318` (HTTP), on the volume `traces`, kept for at most 7 days.
 *
 * Reached inside the network only. Options are those of upstream's documentation for 2.x and 3.x (2026-11-21); it was not
 * run here.
 */
export function tempo(settings: Monitored): Workload {
  return {
    kind: 'workload',
    name: 'tempo',
    image: image(settings, 'tempo'),
    command: [`-config.file=${file('tempo.yml')}`],
    environment: {},
    secrets: {},
    files: { 'tempo.yml': renderTempo(settings.monitoring.retention.days) },
    volumes: { [data]: 'traces' },
    user: '10001:10001',
    resources: { memory: '1G' },
    needs: [],
    port: 3200,
    expose: [otlpPort],
    health: '/ready',
    metrics: { port: 3200, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    stopGraceSeconds: 30,
  };
}

/** tempo.yml: one process, files on its own disk. Pure. */
function renderTempo(days: number): string {
  return stringify({
    server: { http_listen_port: 3200, log_format: 'json' },
    distributor: {
      receivers: { otlp: { protocols: { http: { endpoint: `0.0.0.0:${otlpPort}` } } } },
    },
    storage: {
      trace: { backend: 'local', local: { path: `${data}/blocks` }, wal: { path: `${data}/wal` } },
    },
    compactor: { compaction: { block_retention: `${Math.min(days, 7) * 24}h` } },
    usage_report: { reporting_enabled: false },
  });
}
