import { stringify } from 'yaml';
import type { Settings } from '../../settings/schema';
import { serversOf } from '../../tiers/placement';
import { image } from '../images';
import { file } from '../paths';
import type { Service, Workload } from '../service';
import { nobody, operatorPaths, serverName, type Monitored } from './names';
import { global, scrapeJobs } from './scrape';

const name = 'prometheus-agent';
const port = 9090;
const data = '/prometheus';

/**
 * Reads what stands on its own server and pushes it to Prometheus, which cannot ask like servers (docs/adr/0033). Nothing
 * where each service has one server.
 *
 * Every figure gets the label `server`: the name of the host, on AWS made of its private address. What Prometheus does not
 * take it tries again, for up to two hours. It is no agent in the word's narrow sense, whose flag v2.42 and v3 call
 * differently, but a Prometheus that forgets; flags are those that both have. Costs about 100 MB on each server.
 */
export function prometheusAgent(settings: Settings): Workload[] {
  if (serversOf(settings.tier, { name }) === 1) return [];
  return [
    {
      kind: 'workload',
      name,
      image: image(settings, 'prometheus'),
      entrypoint: ['/bin/sh', '-ec'],
      command: [
        [
          `SERVER=$(cat ${serverName.file}); export SERVER`,
          [
            'exec prometheus',
            `--config.file=${file('prometheus.yml')}`,
            `--storage.tsdb.path=${data}`,
            '--storage.tsdb.retention.time=2h',
            // Always so in v3.
            '--enable-feature=expand-external-labels',
            '--log.format=json',
          ].join(' '),
        ].join('\n'),
      ],
      environment: {},
      secrets: {},
      files: {},
      scratch: [data],
      hostFolders: serverName.folder,
      user: nobody,
      resources: { memory: '512M' },
      needs: ['prometheus'],
      port,
      health: '/-/ready',
      metrics: { port, path: '/metrics' },
      readsSchema: false,
      routes: {},
      replicas: 1,
    },
  ];
}

/** Its prometheus.yml, of `all` services of the deployment. Pure. */
export function renderAgent(settings: Monitored, all: readonly Service[]): string {
  return stringify({
    global: { ...global, external_labels: { server: '${SERVER}' } },
    remote_write: [{ url: `http://prometheus:9090${operatorPaths.prometheus}api/v1/write` }],
    scrape_configs: scrapeJobs(settings, all, 'each'),
  });
}
