import type { CustomService } from '../settings/schema';
import type { Service } from './service';

/** A user's own service as the config names it: any command, port, environment and health path. */
export function custom(name: string, given: CustomService): Service {
  const common = {
    name,
    command: given.command,
    environment: { ...given.env, ...(given.port && { PORT: String(given.port) }) },
    secrets: {},
    files: {},
    needs: ['database'],
    ...(given.image && { image: given.image }),
    ...(given.workdir && { workdir: given.workdir }),
  };
  if (given.job) return { ...common, kind: 'job', timeoutSeconds: 600 };
  return {
    ...common,
    kind: 'workload',
    readsSchema: false,
    routes: given.port ? { [name]: '/' } : {},
    replicas: given.replicas,
    ...(given.port && { port: given.port }),
    ...(given.health && { health: given.health }),
  };
}
