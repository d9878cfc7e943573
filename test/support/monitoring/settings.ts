import type { Service, Workload } from '../../../components/services/service';
import type { Monitored } from '../../../components/services/monitoring/names';
import { monitoringSchema } from '../../../components/settings/monitoring';
import { settingsSchema } from '../../../components/settings/schema';

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
  workload('graphql', { routes: { graphql: { path: '/graphql', access: 'graphql' } } }),
  workload('storage', {
    metrics,
    routes: {
      storage: { path: '/storage/', access: 'token' },
      cdn: { path: '/', subdomain: 'cdn', access: 'public' },
    },
  }),
  workload('functions', { metrics }),
  workload('functions-worker', { metrics }),
  workload('backup', { metrics }),
  workload('redis'),
  workload('pooler'),
];
