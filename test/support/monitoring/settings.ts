import type { Service, Workload } from '../../../components/services/service';
import type { Monitored } from '../../../components/services/monitoring/names';
import { monitoringSchema } from '../../../components/settings/monitoring';
import { settingsSchema } from '../../../components/settings/schema';
import { fill } from '../../../components/targets/files';

const hour = 3600;

/** rules.yml as Prometheus reads it; the database's certificate ends 14 days and an hour after the clock's beginning. */
export function rulesIn(prometheus: Workload | undefined): string {
  const content = prometheus?.files['rules.yml'];
  if (content === undefined || typeof content === 'string') return content ?? '';
  const ends = Object.keys(content.secrets).map((name) => [
    name,
    String((name === 'end-of-database' ? 14 * 24 + 1 : 30 * 24) * hour),
  ]);
  return fill(content.template, Object.fromEntries(ends) as Record<string, string>);
}

/** Settings with `strata:monitoring` as given, checked. */
export function settingsWith(monitoring: unknown = {}): Monitored {
  return {
    ...settingsSchema.parse({ domain: 'example.org' }),
    monitoring: monitoringSchema.parse(monitoring),
  };
}

function workload(name: string, more: Partial<Workload> = {}): Workload {
  return {
    kind: 'workload',
    name,
    environment: {},
    secrets: {},
    files: {},
    needs: [],
    readsSchema: false,
    routes: {},
    replicas: 1,
    ...more,
  };
}

const metrics = { port: 8000, path: '/metrics' };

/** One of everything that monitoring knows of. */
export const platform: readonly Service[] = [
  workload('gateway'),
  workload('guard', { metrics, replicas: 2 }),
  workload('graphql', {
    port: 3000,
    health: '/healthz',
    routes: { graphql: { path: '/graphql', access: 'graphql' } },
  }),
  workload('storage', {
    metrics,
    routes: {
      storage: { path: '/storage/', access: 'token' },
      cdn: { path: '/', subdomain: 'cdn', access: 'public' },
    },
  }),
  workload('clamav'),
  workload('functions', { metrics }),
  workload('functions-worker', { metrics }),
  workload('backup', { metrics }),
  workload('redis'),
  workload('sessions', { metrics }),
  workload('pooler', { port: 6432, metrics: { exporter: 'pgbouncer-exporter' } }),
  workload('oauth', { metrics }),
  workload('gotrue', { port: 9999, metrics }),
  workload('postgrest', { metrics }),
  workload('tenants', { metrics }),
  workload('supabase-storage', { metrics }),
  workload('imgproxy', { metrics }),
  workload('realtime', { metrics }),
];
