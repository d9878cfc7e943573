import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMigrations } from '../../components/data/migrations';
import { databaseServer } from '../../components/services/database/server';
import { monitoring } from '../../components/services/monitoring/monitoring';
import { redis } from '../../components/services/redis';
import type { Workload } from '../../components/services/service';
import { monitoringSchema } from '../../components/settings/monitoring';
import { root } from '../../engine/root';
import { migration } from '../../provider/database/migration';
import { Containers } from '../support/containers';
import { docker, noContainers } from '../support/docker-cli';
import { Clients, labImages, labSettings, makeRoles } from '../support/database';
import { contextFor } from '../support/local';
import { figuresOf, queries } from '../support/monitoring/queries';
import { namesIn, record, recorded } from '../support/monitoring/recorded';
import { madeUpValues, type Values } from '../support/values';

const images = {
  ...labImages,
  prometheus: 'prom/prometheus:v2.42.0',
  alertmanager: 'prom/alertmanager:v0.25.0',
  'node-exporter': 'prom/node-exporter:v1.5.0',
  'postgres-exporter': 'prometheuscommunity/postgres-exporter:v0.11.1',
  'redis-exporter': 'oliver006/redis_exporter:v1.45.0',
};
const missing = noContainers(images.prometheus, images.alertmanager, images['redis-exporter']);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Something that alerts are posted to. */
class Receiver {
  readonly alerts: Alert[] = [];
  readonly logins = new Set<string | undefined>();
  private readonly server: Server = createServer((request, response) => {
    this.logins.add(request.headers.authorization);
    void body(request).then((text) => {
      this.alerts.push(...(JSON.parse(text) as { alerts: Alert[] }).alerts);
      response.end();
    });
  });

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Asks again until there is an answer. */
async function until<T>(
  seconds: number,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(500);
  }
}

describe.skipIf(missing)(`monitoring in containers${why}`, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-monitoring-'));
  const receiver = new Receiver();
  let values: Values;
  let containers: Containers;
  let clients: Clients;
  let workloads: readonly Workload[];
  let stopped: readonly string[];

  beforeAll(async () => {
    values = await madeUpValues(['database']);
    writeFileSync(path.join(folder, 'authority.pem'), values.authority.certificate);
    containers = await Containers.create('t-monitoring-', values);
    clients = new Clients(containers, values, path.join(folder, 'authority.pem'));
    const port = await receiver.listen();
    const gateway = '{{(index .IPAM.Config 0).Gateway}}';
    const { stdout } = await docker('network', 'inspect', '-f', gateway, containers.network);
    const settings = {
      ...labSettings(),
      images: { override: images },
      monitoring: monitoringSchema.parse({
        receivers: {
          hook: {
            kind: 'webhook',
            url: `http://${stdout.trim()}:${port}/alerts`,
            token: 'hook-token',
          },
        },
        send: { critical: ['hook'], watchdog: ['hook'] },
      }),
    };
    const database = databaseServer(settings);
    const cache = redis(settings);
    workloads = monitoring(settings, [cache]);

    await containers.run(database, { published: true });
    await clients.makeDatabase();
    const admin = await clients.connect('database', 'postgres');
    await makeRoles(admin, values);
    for (const { name, sql, role } of readMigrations(path.join(root, 'sql'), 'platform')) {
      const url = await clients.url('database', role === 'admin' ? 'postgres' : 'strata_migrator');
      const inputs = { url, cluster: 'test', scope: 'platform', name, sql } as const;
      await migration.create(inputs, contextFor(name));
    }
    await containers.run(cache);

    for (const workload of [...workloads].reverse()) {
      // There is no image of it here.
      if (workload.name !== 'cadvisor') await containers.run(workload);
    }
    stopped = ['cadvisor'];
  });

  afterAll(async () => {
    await clients.close();
    await containers.remove();
    await receiver.close();
    rmSync(folder, { recursive: true });
  });

  async function address(service: string): Promise<string> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    return (await docker('inspect', '-f', format, containers.named(service))).stdout.trim();
  }

  async function get(service: string, path: string, options: RequestInit = {}): Promise<Response> {
    const port = workloads.find(({ name }) => name === service)?.port;
    return fetch(`http://${await address(service)}:${String(port)}${path}`, options);
  }

  async function asked<T>(path: string): Promise<T> {
    const answer = await get('prometheus', `/operator/prometheus/api/v1/${path}`);
    return ((await answer.json()) as { data: T }).data;
  }

  test('every target is up, but for the one that has no image here', async () => {
    interface Targets {
      readonly activeTargets: readonly { labels: { job: string }; health: string }[];
    }
    const wanted = workloads
      .filter(({ metrics }) => metrics !== undefined)
      .map(({ name }) => ({ job: name, health: stopped.includes(name) ? 'down' : 'up' }));
    const seen = await until(60, 'all targets are read', async () => {
      const { activeTargets } = await asked<Targets>('targets');
      const read = activeTargets.filter(({ health }) => health !== 'unknown');
      return read.length === wanted.length ? read : undefined;
    });
    const byJob = (a: { job: string }, b: { job: string }) => (a.job < b.job ? -1 : 1);
    expect(seen.map(({ labels: { job }, health }) => ({ job, health })).sort(byJob)).toEqual(
      wanted.sort(byJob),
    );
  });

  test('Postgres and Redis let the exporters in, and every query of ours has an answer', async () => {
    const postgres = await (await get('postgres-exporter', '/metrics')).text();
    const cache = await (await get('redis-exporter', '/metrics')).text();
    expect(await containers.logs('postgres-exporter')).not.toMatch(/level=(error|warn)|err=/);
    expect(cache).toMatch(/^redis_up 1$/m);
    expect(postgres).toMatch(/^pg_up(\{.*\})? 1$/m);
    expect(postgres).toMatch(/^strata_audit_months_ahead(\{.*\})? 24$/m);
    expect(postgres).toMatch(/^strata_registry_admins_made_total(\{.*\})? 0$/m);
    expect(postgres).toMatch(/^pg_exporter_last_scrape_error(\{.*\})? 0$/m);
  });

  test('every figure that an alert or a panel asks for is really given', async () => {
    const asked = new Set(queries().flatMap(figuresOf));
    for (const name of [
      'node-exporter',
      'postgres-exporter',
      'redis-exporter',
      'alertmanager',
      'prometheus',
    ]) {
      const workload = workloads.find((found) => found.name === name);
      const metrics = workload?.metrics;
      const path = metrics && 'path' in metrics ? metrics.path : '';
      const text = await (await get(name, path)).text();
      if (process.env.STRATA_RECORD) record(name, text);
      const wanted = recorded(name).filter((figure) => asked.has(figure));
      expect(wanted.length).toBeGreaterThan(0);
      expect(wanted.filter((figure) => !namesIn(text).includes(figure))).toEqual([]);
    }
  });

  test('no rule fails when it is evaluated', async () => {
    interface Rules {
      readonly groups: readonly { rules: readonly { name: string; health: string }[] }[];
    }
    const rules = await until(60, 'all rules are evaluated', async () => {
      const all = (await asked<Rules>('rules')).groups.flatMap((group) => group.rules);
      return all.every(({ health }) => health !== 'unknown') ? all : undefined;
    });
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(rules.length).toBeGreaterThan(30);
  });

  test('the watch-dog reaches the web-hook, with the token', async () => {
    const alert = await until(90, 'the watch-dog', () =>
      Promise.resolve(receiver.alerts.find(({ labels }) => labels.alertname === 'Watchdog')),
    );
    expect(alert).toMatchObject({ status: 'firing', labels: { severity: 'none' } });
    expect([...receiver.logins]).toEqual([`Bearer ${values({ config: 'hook-token' })}`]);
  });

  test('a target that is killed reaches the web-hook as an alert with its runbook', async () => {
    await containers.kill('redis-exporter');
    const alert = await until(240, 'the alert', () =>
      Promise.resolve(
        receiver.alerts.find(
          ({ labels }) => labels.alertname === 'TargetDown' && labels.job === 'redis-exporter',
        ),
      ),
    );
    expect(alert).toMatchObject({
      status: 'firing',
      labels: { job: 'redis-exporter', instance: 'redis-exporter:9121', severity: 'critical' },
      annotations: {
        summary: 'redis-exporter does not answer',
        runbook_url: 'docs/runbooks.md#targetdown',
      },
    });
  });

  test('pages live below their operator path, and nowhere else', async () => {
    const seen = async (service: string, path: string) => {
      const { status, url } = await get(service, path);
      return [status, new URL(url).pathname.split('/', 3).join('/')];
    };
    expect(await seen('prometheus', '/operator/prometheus/')).toEqual([
      200,
      '/operator/prometheus',
    ]);
    expect(await seen('alertmanager', '/operator/alertmanager/')).toEqual([
      200,
      '/operator/alertmanager',
    ]);
    expect(await seen('prometheus', '/api/v1/targets')).toEqual([404, '/api/v1']);
    expect(await seen('alertmanager', '/api/v2/alerts')).toEqual([404, '/api/v2']);
  });

  test('nobody can stop it, reload it, or delete or write figures', async () => {
    const post = async (path: string) => {
      const answer = await get('prometheus', `/operator/prometheus${path}`, { method: 'POST' });
      return { ok: answer.ok, text: await answer.text() };
    };
    const refused = (text: string) => ({
      ok: false,
      text: expect.stringContaining(text) as string,
    });
    expect(await post('/-/quit')).toEqual(refused('Lifecycle API is not enabled'));
    expect(await post('/-/reload')).toEqual(refused('Lifecycle API is not enabled'));
    const deleting = '/api/v1/admin/tsdb/delete_series?match[]=up';
    expect(await post(deleting)).toEqual(refused('admin APIs disabled'));
    expect(await post('/api/v1/write')).toEqual(
      refused('remote write receiver needs to be enabled'),
    );
  });

  test('no secret stands in inspect, in the list of processes, in logs or on a page', async () => {
    const secrets = [
      values({ passwordOf: 'strata_monitor' }),
      values({ passwordOf: 'monitor' }),
      values({ config: 'hook-token' }),
    ];
    const running = workloads.filter(({ name }) => name !== 'cadvisor');
    const names = running.map(({ name }) => containers.named(name));
    const texts = [
      (await docker('inspect', ...names)).stdout,
      ...(await Promise.all(names.map((name) => docker('logs', name)))).map(
        JSON.stringify as never,
      ),
      ...(await Promise.all(names.map((name) => docker('top', name)))).map(JSON.stringify as never),
      await (await get('prometheus', '/operator/prometheus/api/v1/status/config')).text(),
      await (await get('alertmanager', '/operator/alertmanager/api/v2/status')).text(),
      await (await get('postgres-exporter', '/metrics')).text(),
    ] as string[];
    expect(secrets.filter((secret) => texts.some((text) => text.includes(secret)))).toEqual([]);
  });
});
