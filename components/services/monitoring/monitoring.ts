import type { Service, Workload } from '../service';
import { prometheusAgent, renderAgent } from './agent';
import { alertmanager } from './alertmanager';
import { alloy } from './alloy';
import { blackboxExporter } from './blackbox';
import { exporters } from './exporters';
import { grafana } from './grafana';
import { loki } from './loki';
import type { Monitored } from './names';
import { prometheus, prometheusFiles } from './prometheus';
import { tempo } from './tempo';

/**
 * What watches a deployment: Prometheus (with one more on each of several like servers) and Alertmanager, an exporter for each thing that has no figures of its own,
 * and, where the settings say so, Grafana, Loki with Alloy, and Tempo. `services` are all others of the deployment:
 * those with `metrics` are read, the routes of all are tried through the gateway. Pure.
 *
 * Nothing here publishes a port. People get in through the gateway's operator routes only.
 *
 * @example monitoring(settings, catalogue) // [prometheus, alertmanager, node-exporter, …]
 */
export function monitoring(settings: Monitored, services: readonly Service[]): Workload[] {
  const { dashboards, logs, traces } = settings.monitoring;
  const own = prometheus(settings);
  const agents = prometheusAgent(settings);
  const watched = [
    alertmanager(settings),
    ...exporters(settings, services),
    ...blackboxExporter(settings, services),
    ...(logs ? [loki(settings), alloy(settings)] : []),
    ...(traces ? [tempo(settings)] : []),
    ...(dashboards ? [grafana(settings)] : []),
  ];
  const all = [own, ...agents, ...services, ...watched];
  return [
    { ...own, files: prometheusFiles(settings, all) },
    ...agents.map((agent) => ({
      ...agent,
      files: { 'prometheus.yml': renderAgent(settings, all) },
    })),
    ...watched,
  ];
}
