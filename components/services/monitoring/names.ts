import type { MonitoringSettings } from '../../settings/monitoring';
import type { Settings } from '../../settings/schema';
import { publicUrl } from '../gateway/hosts';

/** The settings that monitoring reads. */
export type Monitored = Settings & { readonly monitoring: MonitoringSettings };

/** Paths at the gateway where operators find what has pages of its own. */
export const operatorPaths = {
  prometheus: '/operator/prometheus/',
  alertmanager: '/operator/alertmanager/',
  grafana: '/operator/grafana/',
} as const;

/** Where a container finds what its server is called: its own name says nothing to anybody. */
export const serverName = {
  file: '/host/hostname',
  folder: { '/etc/hostname': '/host/hostname' },
} as const;

/** uid and gid of `nobody` in Prometheus' images; its volumes belong to it. */
export const nobody = '65534:65534';

/** Where operators find a page, as a browser writes it. */
export function operatorUrl(settings: Settings, page: keyof typeof operatorPaths): string {
  return `${publicUrl(settings)}${operatorPaths[page]}`;
}
