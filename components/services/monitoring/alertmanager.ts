import { stringify } from 'yaml';
import type { MonitoringSettings } from '../../settings/monitoring';
import { image } from '../images';
import type { FileContent, SecretSource, Workload } from '../service';
import { file } from '../paths';
import { nobody, operatorPaths, operatorUrl, type Monitored } from './names';
import { mailServer, mailSecrets, receiverOf, secretsIn } from './receivers';

const port = 9093;
const data = '/alertmanager';

/**
 * Alertmanager: groups what Prometheus reports and sends it to the receivers of the settings.
 *
 * One container; its silences and what it has sent already are on the volume `alerts`. Flags are those that v0.25 and
 * v0.34 have in common (their documentation, 2026-11-21). Costs one process of about 30 MB.
 */
export function alertmanager(settings: Monitored): Workload {
  const { receivers } = settings.monitoring;
  return {
    kind: 'workload',
    name: 'alertmanager',
    image: image(settings, 'alertmanager'),
    command: [
      `--config.file=${file('alertmanager.yml')}`,
      `--storage.path=${data}`,
      `--web.external-url=${operatorUrl(settings, 'alertmanager')}`,
      `--web.route-prefix=${operatorPaths.alertmanager}`,
      // One alone: nothing listens for others.
      '--cluster.listen-address=',
      '--log.format=json',
    ],
    environment: {},
    secrets: { ...mailSecrets(settings.monitoring), ...secretsOf(receivers, 'files') },
    files: { 'alertmanager.yml': renderAlertmanager(settings.monitoring) },
    volumes: { [data]: 'alerts' },
    user: nobody,
    resources: { memory: '256M' },
    needs: [],
    port,
    health: `${operatorPaths.alertmanager}-/ready`,
    metrics: { port, path: `${operatorPaths.alertmanager}metrics` },
    readsSchema: false,
    routes: { alertmanager: { path: operatorPaths.alertmanager, access: 'operator' } },
    replicas: 1,
  };
}

/** alertmanager.yml; a template where a receiver's secret has no option that names a file. Pure. */
export function renderAlertmanager(monitoring: MonitoringSettings): FileContent {
  const { send, receivers } = monitoring;
  const text = stringify(
    {
      ...mailServer(monitoring),
      route: {
        receiver: 'nobody',
        group_by: ['alertname', 'job'],
        group_wait: '30s',
        group_interval: '5m',
        repeat_interval: '4h',
        routes: [
          // The other side notices that it stops, so it is sent alone and often, and is never grouped with others.
          ...routes(['alertname="Watchdog"'], send.watchdog, {
            group_by: ['alertname'],
            group_wait: '0s',
            group_interval: '1m',
            repeat_interval: '1m',
          }),
          ...routes(['severity="critical"'], send.critical, {}),
          ...routes(['severity="warning"'], send.warning, { repeat_interval: '12h' }),
        ],
      },
      inhibit_rules: inhibitions,
      receivers: [
        { name: 'nobody' },
        ...Object.entries(receivers).map(([name, receiver]) => receiverOf(name, receiver)),
      ],
    },
    // In single quotes a secret cannot begin an escape.
    { singleQuote: true },
  );
  const secrets = secretsOf(receivers, 'inline');
  return Object.keys(secrets).length === 0 ? text : { template: text, secrets };
}

function secretsOf(
  receivers: MonitoringSettings['receivers'],
  where: 'files' | 'inline',
): Record<string, SecretSource> {
  const all = Object.entries(receivers).map(([name, receiver]) => secretsIn(name, receiver)[where]);
  return Object.fromEntries(all.flatMap((secrets) => Object.entries(secrets)));
}

/** One route for each receiver; the last one ends the search, so that no alert falls through to another severity. */
function routes(matchers: readonly string[], receivers: readonly string[], more: object) {
  const wanted = receivers.length === 0 ? ['nobody'] : receivers;
  return wanted.map((receiver, index) => ({
    matchers,
    receiver,
    ...more,
    ...(index < wanted.length - 1 && { continue: true }),
  }));
}

/** What need not be said when something worse is said already. */
const inhibitions = [
  {
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity="warning"'],
    equal: ['alertname', 'job', 'instance', 'server'],
  },
  // The host has no room left: everything on it will complain.
  {
    source_matchers: ['alertname="HostDiskFull"'],
    target_matchers: ['alertname=~"HostDiskFillsUp|PrometheusNotWriting"'],
  },
  // A database that does not answer has no figures either.
  {
    source_matchers: ['alertname="PostgresDown"'],
    target_matchers: ['alertname=~"MonitoringQueriesFail|OutboxLag|PoolerClientsWait"'],
  },
  // Nothing gets through a closed guard, so every probe fails.
  {
    source_matchers: ['alertname="TargetDown"', 'job=~"gateway|guard"'],
    target_matchers: ['alertname=~"RouteFails|GatewayErrors"'],
  },
];
