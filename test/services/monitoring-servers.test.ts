import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateNames } from '../../components/data/certificates';
import { linked } from '../../components/links/linked';
import { linkCertificates } from '../../components/links/names';
import { monitoring } from '../../components/services/monitoring/monitoring';
import type { SecretSource, Workload } from '../../components/services/service';
import { monitoringSchema } from '../../components/settings/monitoring';
import { issueCertificate, type Issued } from '../../provider/tls/issue';
import { Containers } from '../support/containers';
import { labImages, labSettings } from '../support/database';
import { must, noContainers } from '../support/docker-cli';
import { madeUpValues } from '../support/values';

const images = {
  ...labImages,
  prometheus: 'prom/prometheus:v2.42.0',
  'node-exporter': 'prom/node-exporter:v1.5.0',
};
const missing = noContainers(images.prometheus, images['node-exporter'], images.nginx);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const settings = {
  ...labSettings(),
  images: { override: images },
  tier: 'load-balanced' as const,
  monitoring: monitoringSchema.parse({}),
};
const workloads = monitoring(settings, []);

function named(name: string, among: readonly Workload[] = workloads): Workload {
  const found = among.find((one) => one.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describe.skipIf(missing)(`figures of like servers${why}`, () => {
  /** A server of operators and two like ones; each has a network that the others do not see. */
  const servers = new Map<string, Containers>();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-servers-'));

  beforeAll(async () => {
    const value = await secrets();
    const operations = await started('operations', value);
    const address = await operations.gateway();
    const one = { count: 1, balanced: false } as const;
    const [before, after] = linked(
      [
        { ...one, name: 'operations', services: [named('prometheus')] },
        { ...one, name: 'app', services: [] },
      ],
      () => address,
      settings,
    );
    await operations.run(named('links', before?.services as Workload[]), { address });
    await operations.run(named('prometheus'));
    for (const name of ['ip-10-0-0-1', 'ip-10-0-0-2']) {
      const server = await started(name, value);
      const hostname = path.join(folder, name);
      writeFileSync(hostname, `${name}\n`);
      await server.run(named('prometheus', after?.services as Workload[]));
      await server.run(named('node-exporter'));
      const agent = named('prometheus-agent');
      await server.run({ ...agent, hostFolders: { [hostname]: '/host/hostname' } });
    }
  });

  afterAll(async () => {
    for (const server of servers.values()) await server.remove();
    rmSync(folder, { recursive: true });
  });

  async function started(name: string, value: (source: SecretSource) => string) {
    const made = await Containers.create(`t-servers-${name}-`, value);
    servers.set(name, made);
    return made;
  }

  async function secrets(): Promise<(source: SecretSource) => string> {
    const values = await madeUpValues(['database']);
    const made = new Map<string, Issued>();
    const ofLinks = certificateNames([], [], linkCertificates(settings.tier));
    for (const [host, names] of Object.entries(ofLinks)) {
      const usage = host === 'links-client' ? 'client' : 'server';
      made.set(host, await issueCertificate(names, 40, values.authority, usage));
    }
    return (source) => {
      if (!('certificate' in source)) return values(source);
      const found = made.get(source.certificate);
      if (!found) return values(source);
      return source.part === 'expires' ? '4102444800' : found[source.part];
    };
  }

  function server(name: string): Containers {
    const found = servers.get(name);
    if (!found) throw new Error(`there is no server ${name}`);
    return found;
  }

  async function get(path: string, options?: RequestInit): Promise<Response> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const container = server('operations').named('prometheus');
    const address = (await must('inspect', '--format', format, container)).trim();
    return fetch(`http://${address}:9090${path}`, options);
  }

  /** Which servers something is known of: server → value. */
  async function asked(query: string): Promise<Record<string, string>> {
    const answer = await get(
      `/operator/prometheus/api/v1/query?query=${encodeURIComponent(query)}`,
    );
    const { data } = (await answer.json()) as { data: { result: readonly Sample[] } };
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [metric.server ?? '', value[1]]),
    );
  }

  test('reach the one Prometheus by links, each with the name of its server', async () => {
    await expect
      .poll(() => asked('up{job="node-exporter"}'), { timeout: 60_000 })
      .toEqual({ 'ip-10-0-0-1': '1', 'ip-10-0-0-2': '1' });
    expect(Object.keys(await asked('node_memory_MemTotal_bytes')).sort()).toEqual([
      'ip-10-0-0-1',
      'ip-10-0-0-2',
    ]);
  });

  test('are missed where fewer servers push than there are', async () => {
    const alert = 'ALERTS{alertname="TargetMissing",job="node-exporter",alertstate="pending"}';
    // Before both had pushed, one was missed too.
    await expect.poll(() => asked(alert), { timeout: 60_000 }).toEqual({});
    await server('ip-10-0-0-2').kill('prometheus-agent');
    await expect.poll(() => asked(alert), { timeout: 90_000 }).toEqual({ '': '1' });
    // There is one of it too few, but rules about the one Prometheus are not about those that only push.
    expect(await asked('ALERTS{job="prometheus-agent",alertname!="TargetMissing"}')).toEqual({});
  });

  test('of what stands on the server of operators come from nobody else', async () => {
    expect(Object.keys(await asked('up{job="prometheus"}'))).toEqual(['']);
    const [agent] = [named('prometheus-agent').files['prometheus.yml']];
    expect(agent).not.toContain('job_name: prometheus\n');
  });

  test('cannot be sent by the way that a page in an operator’s browser has', async () => {
    const { 'prometheus-write': write } = named('prometheus').routes;
    expect(write).toMatchObject({
      path: '/operator/prometheus/api/v1/write',
      access: 'operator',
    });
    const sent = await get(write?.upstreamPath ?? '', { method: 'POST', body: 'x' });
    expect(sent.status).toBe(404);
  });

  test('are forgotten a minute after their server has gone, which tells nobody', async () => {
    await expect
      .poll(() => asked('up{job="node-exporter"}'), { timeout: 90_000 })
      .toEqual({ 'ip-10-0-0-1': '1' });
  });
});
