import { stringify } from 'yaml';
import { image } from '../images';
import type { Workload } from '../service';
import { dashboards } from './dashboards/dashboards';
import { lokiUrl } from './loki';
import { file } from '../paths';
import { operatorPaths, operatorUrl, type Monitored } from './names';
import { tempoUrl } from './tempo';

const port = 3000;

/**
 * Grafana at /operator/grafana/, behind the gateway's login and its own: user `admin`, the platform's password for
 * operators.
 *
 * Data sources and dashboards are files, so it keeps nothing: what somebody clicks together is gone with the container.
 * Anonymous visitors, sign-up, avatars and calls home are off. Variables are those of upstream's documentation for 12 and
 * 13 (2026-11-21); it was not run here.
 */
export function grafana(settings: Monitored): Workload {
  return {
    kind: 'workload',
    name: 'grafana',
    image: image(settings, 'grafana'),
    environment: {
      GF_PATHS_PROVISIONING: file('provisioning'),
      GF_SERVER_ROOT_URL: operatorUrl(settings, 'grafana'),
      GF_SERVER_SERVE_FROM_SUB_PATH: 'true',
      GF_SERVER_HTTP_PORT: String(port),
      GF_SECURITY_ADMIN_USER: 'admin',
      GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/strata/secrets/ADMIN_PASSWORD',
      GF_SECURITY_COOKIE_SECURE: 'true',
      GF_SECURITY_COOKIE_SAMESITE: 'strict',
      GF_SECURITY_DISABLE_GRAVATAR: 'true',
      // The gateway's own login comes in the same header.
      GF_AUTH_BASIC_ENABLED: 'false',
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_USERS_ALLOW_SIGN_UP: 'false',
      GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_PLUGINS_PLUGIN_ADMIN_ENABLED: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
      GF_LOG_CONSOLE_FORMAT: 'json',
    },
    secrets: { ADMIN_PASSWORD: { platform: 'operator' } },
    files: {
      'provisioning/datasources/strata.yml': renderSources(settings),
      'provisioning/dashboards/strata.yml': stringify({
        apiVersion: 1,
        providers: [
          {
            name: 'strata',
            type: 'file',
            disableDeletion: true,
            allowUiUpdates: false,
            options: { path: file('dashboards') },
          },
        ],
      }),
      ...Object.fromEntries(
        Object.entries(dashboards).map(([name, dashboard]) => [
          `dashboards/${name}.json`,
          `${JSON.stringify(dashboard, null, 2)}\n`,
        ]),
      ),
    },
    scratch: ['/var/lib/grafana', '/tmp'],
    user: '472:472',
    needs: ['prometheus'],
    port,
    health: `${operatorPaths.grafana}api/health`,
    metrics: { port, path: `${operatorPaths.grafana}metrics` },
    readsSchema: false,
    routes: { grafana: { path: operatorPaths.grafana, access: 'operator', websocket: true } },
    replicas: 1,
    resources: { memory: '512M' },
  };
}

function renderSources({ monitoring: { logs, traces } }: Monitored): string {
  const source = (uid: string, type: string, url: string, more = {}) => ({
    name: uid,
    uid,
    type,
    url,
    access: 'proxy',
    editable: false,
    ...more,
  });
  return stringify({
    apiVersion: 1,
    datasources: [
      source('prometheus', 'prometheus', `http://prometheus:9090${operatorPaths.prometheus}`, {
        isDefault: true,
        jsonData: { timeInterval: '15s' },
      }),
      ...(logs ? [source('loki', 'loki', lokiUrl)] : []),
      ...(traces ? [source('tempo', 'tempo', tempoUrl)] : []),
    ],
  });
}
