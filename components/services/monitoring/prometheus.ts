import { stringify } from 'yaml';
import { serversOf } from '../../tiers/placement';
import { image } from '../images';
import type { Route } from '../route';
import type { FileContent, Service, Workload } from '../service';
import { file } from '../paths';
import { nobody, operatorPaths, operatorUrl, type Monitored } from './names';
import { innerHosts, renderRules, rules } from './rules/rules';
import { global, scrapeJobs, targetsOf } from './scrape';

const port = 9090;
const data = '/prometheus';

/**
 * Prometheus: reads the figures of services and of what monitoring itself brings, keeps them on the volume `metrics` as long
 * as the settings say, and tells Alertmanager what is wrong.
 *
 * Flags and paths are those that v2.42 and v3.14 have in common (`prometheus --help` of the former, the documentation of
 * the latter, 2026-11-21). Its pages are at /operator/prometheus/ and nowhere else; the interfaces that change it (admin,
 * lifecycle) stay off, and so does remote write but where like servers push. Costs about 3 kB of memory for each series
 * (upstream's rule of thumb) and the disk that the settings allow.
 */
export function prometheus(settings: Monitored): Workload {
  const { retention } = settings.monitoring;
  const isPushed = serversOf(settings.tier, { name: 'gateway' }) > 1;
  return {
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
      ...(isPushed ? pushed : []),
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
    routes: {
      prometheus: { path: operatorPaths.prometheus, access: 'operator' },
      ...(isPushed && { 'prometheus-write': nowhere }),
    },
    replicas: 1,
    // The blocks in memory are written down.
    stopGraceSeconds: 60,
  };
}

/**
 * Nobody says of a server that is gone that it is: its last figures would count for five minutes, and what was stopped
 * first would be an alert at each release. No rule of what is pushed waits for less than this.
 */
const pushed = ['--web.enable-remote-write-receiver', '--query.lookback-delta=1m'];

/** A page that an operator is lured to could send figures with the login that the browser remembers: they end here. */
const nowhere: Route = {
  path: `${operatorPaths.prometheus}api/v1/write`,
  access: 'operator',
  upstreamPath: '/nowhere',
  maxBody: '1K',
};

/** Its files, of `all` services of the deployment, itself among them: it watches itself as well as one can. Pure. */
export function prometheusFiles(
  settings: Monitored,
  all: readonly Service[],
): Readonly<Record<string, FileContent>> {
  const watched = targetsOf(all, settings.tier);
  return {
    'prometheus.yml': renderPrometheus(scrapeJobs(settings, all, 'once')),
    'rules.yml': renderRules(rules(settings, watched, all), innerHosts(settings, all)),
  };
}

/** prometheus.yml. Pure. */
function renderPrometheus(jobs: readonly object[]): string {
  return stringify({
    global,
    rule_files: [file('rules.yml')],
    alerting: {
      alertmanagers: [
        {
          path_prefix: operatorPaths.alertmanager.replace(/\/$/, ''),
          static_configs: [{ targets: ['alertmanager:9093'] }],
        },
      ],
    },
    scrape_configs: jobs,
  });
}
