import { stringify } from 'yaml';
import { image } from '../images';
import type { Service, Workload } from '../service';
import { probeJobs } from './blackbox';
import { file } from '../paths';
import { nobody, operatorPaths, operatorUrl, type Monitored } from './names';
import { innerHosts, renderRules, rules } from './rules/rules';

const port = 9090;
const data = '/prometheus';

/**
 * Prometheus: reads the figures of `services` and of `watched` (what monitoring itself brings), keeps them on the volume
 * `metrics` as long as the settings say, and tells Alertmanager what is wrong.
 *
 * Flags and paths are those that v2.42 and v3.14 have in common (`prometheus --help` of the former, the documentation of
 * the latter, 2026-11-21). Its pages are at /operator/prometheus/ and nowhere else; the interfaces that change it (admin,
 * lifecycle, remote write) stay off. Costs about 3 kB of memory for each series (upstream's rule of thumb) and the disk
 * that the settings allow.
 */
export function prometheus(
  settings: Monitored,
  services: readonly Service[],
  watched: readonly Workload[],
): Workload {
  const { retention } = settings.monitoring;
  const bare: Workload = {
    kind: 'workload',
    name: 'prometheus',
    image: image(settings, 'prometheus'),
    command: [
      `--config.file=${file('prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--storage.tsdb.retention.time=${retention.days}d`,
      `--storage.tsdb.retention.size=${retention.size}B`,
      `--web.external-url=${operatorUrl(settings, 'prometheus')}`,
      `--web.route-prefix=${operatorPaths.prometheus}`,
      '--log.format=json',
    ],
    environment: {},
    secrets: {},
    files: {},
    volumes: { [data]: 'metrics' },
    user: nobody,
    resources: { memory: '1G' },
    needs: ['alertmanager'],
    port,
    health: `${operatorPaths.prometheus}-/ready`,
    metrics: { port, path: `${operatorPaths.prometheus}metrics` },
    readsSchema: false,
    routes: { prometheus: { path: operatorPaths.prometheus, access: 'operator' } },
    replicas: 1,
    // The blocks in memory are written down.
    stopGraceSeconds: 60,
  };
  // It watches itself as well as one can.
  const all = [bare, ...services, ...watched];
  const targets = all.flatMap(targetOf);
  return {
    ...bare,
    files: {
      'prometheus.yml': renderPrometheus(targets, probeJobs(settings, all)),
      'rules.yml': renderRules(rules(settings, targets, all), innerHosts(settings, all)),
    },
  };
}

/** Something that Prometheus reads. */
interface Target {
  readonly job: string;
  readonly port: number;
  readonly path: string;
  readonly replicas: number;
}

function targetOf(service: Service): Target[] {
  if (service.kind === 'job' || !service.metrics || !('port' in service.metrics)) return [];
  const { name, metrics, replicas } = service;
  return [{ job: name, ...metrics, replicas }];
}

/** prometheus.yml. Pure. */
function renderPrometheus(targets: readonly Target[], probes: readonly object[]): string {
  return stringify({
    global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
    rule_files: [file('rules.yml')],
    alerting: {
      alertmanagers: [
        {
          path_prefix: operatorPaths.alertmanager.replace(/\/$/, ''),
          static_configs: [{ targets: ['alertmanager:9093'] }],
        },
      ],
    },
    scrape_configs: [...targets.map(scrape), ...probes],
  });
}

function scrape({ job, port, path, replicas }: Target) {
  return {
    job_name: job,
    metrics_path: path,
    // What a program says about itself must not look like another job's figures.
    honor_labels: false,
    sample_limit: 20_000,
    ...(replicas === 1
      ? { static_configs: [{ targets: [`${job}:${port}`] }] }
      : { dns_sd_configs: [{ names: [job], type: 'A', port, refresh_interval: '15s' }] }),
  };
}
