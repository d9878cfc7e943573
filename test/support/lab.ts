import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { messageOf } from '../../engine/errors';
import { engine } from './docker';
import { type Workspace } from './workspace';
import { freePort } from './ports';

/** Images under which a Docker engine without a registry has what the catalogue names (test/images/build.sh). */
export const testImages = {
  node: 'strata-test/node:1',
  nginx: 'nginx:1.22',
  postgres: 'strata-test/postgres:1',
  pgbouncer: 'strata-test/pgbouncer:1',
  redis: 'redis:7',
  garage: 'dxflrs/garage:v2.5.0',
  prometheus: 'prom/prometheus:v2.42.0',
  alertmanager: 'prom/alertmanager:v0.25.0',
  'node-exporter': 'prom/node-exporter:v1.5.0',
  'redis-exporter': 'oliver006/redis_exporter:v1.45.0',
  'postgres-exporter': 'strata-test/postgres-exporter:1',
  'pgbouncer-exporter': 'strata-test/pgbouncer-exporter:1',
  'nginx-exporter': 'strata-test/nginx-exporter:1',
  'blackbox-exporter': 'strata-test/blackbox-exporter:1',
  cadvisor: 'strata-test/cadvisor:1',
  hasura: 'strata-test/hasura:1',
};

/** The same for every preset: upstream's services are stand-ins, but for Mailpit, which is real where Go can build it. */
export const presetImages = {
  ...testImages,
  'hasura-auth': 'strata-test/hasura-auth:1',
  gotrue: 'strata-test/gotrue:1',
  postgrest: 'strata-test/postgrest:1',
  'supabase-storage': 'strata-test/supabase-storage:1',
  imgproxy: 'strata-test/imgproxy:1',
  'postgres-meta': 'strata-test/meta:1',
  studio: 'strata-test/studio:1',
  pgadmin: 'strata-test/pgadmin:1',
  mailpit: 'strata-test/mailpit:1',
};

/** Why a platform on Docker cannot be started here, printed once; `undefined` when it can. */
export async function whyNoPlatform(
  images: Readonly<Record<string, string>> = testImages,
): Promise<string | undefined> {
  try {
    for (const image of Object.values(images)) await engine.getImage(image).inspect();
    return undefined;
  } catch (error) {
    const reason = messageOf(error);
    process.stderr.write(`Tests with a platform on Docker are skipped: ${reason}\n`);
    return reason;
  }
}

/** The config of a platform that this machine's engine can run beside others: preset minimal, ports of its own. */
export async function dockerConfig(): Promise<Record<string, unknown>> {
  return {
    'strata:target': 'docker',
    'strata:tenancy': { tenants: { acme: { members: { ann: 'admin' } } } },
    'strata:images': { override: testImages },
    'strata:database': { memory: '2304M' },
    'strata:docker': { databasePort: await freePort() },
    'strata:gateway': { ports: { http: await freePort(), https: await freePort() } },
  };
}

/** Where this machine has them. */
export const plugins = path.join(
  process.env.PULUMI_HOME ?? path.join(os.homedir(), '.pulumi'),
  'plugins',
);

/** Why plugins are not here, printed once; `undefined` when they are. */
export function whyNoPlugins(wanted: readonly string[] = ['docker', 'random']): string | undefined {
  const here = existsSync(plugins) ? readdirSync(plugins) : [];
  const missing = wanted.filter(
    (name) => !here.some((file) => file.startsWith(`resource-${name}-v`)),
  );
  if (missing.length === 0) return undefined;
  const reason = `no plugin for ${missing.join(' and ')} in ${plugins}`;
  process.stderr.write(`Tests with these plugins are skipped: ${reason}\n`);
  return reason;
}

/** Lets a workspace, which has a Pulumi home of its own, use this machine's plugins. */
export function lendPlugins(workspace: Workspace): void {
  mkdirSync(workspace.path('.pulumi-home'), { recursive: true });
  symlinkSync(plugins, workspace.path('.pulumi-home', 'plugins'));
}
