import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { renderBlackbox } from '../../components/services/monitoring/blackbox';
import { monitoring } from '../../components/services/monitoring/monitoring';
import { healthRules } from '../../components/services/monitoring/rules/services';
import type { Workload } from '../../components/services/service';
import { service } from '../support/gateway/platform';
import { settingsWith } from '../support/monitoring/settings';
import { available } from '../support/monitoring/tools';
import { freePort } from '../support/ports';

const prober = process.env.STRATA_BLACKBOX ?? 'prometheus-blackbox-exporter';
const there = available('prometheus', 'prometheus') && available(prober, prober);

interface Series {
  readonly metric: Readonly<Record<string, string>>;
}

describe.runIf(there)(
  'the real Prometheus with the real prober, by the files that we render',
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-health-'));
    const programs: ChildProcess[] = [];
    let healthy = 200;
    // Stands for a service that has no figures of its own.
    const shop = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? healthy : 404).end();
    });
    let api: string;

    beforeAll(async () => {
      await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
      const listens = (shop.address() as AddressInfo).port;
      const [own, probes] = [await freePort(), await freePort()];
      const services: Workload[] = [
        service('gateway', 8080),
        {
          ...service('shop', listens),
          health: '/healthz',
          metrics: { none: 'as a test wants it' },
        },
        service('gone', await freePort()),
      ];
      const [prometheus] = monitoring(settingsWith(), services);
      const rendered = parse(prometheus?.files['prometheus.yml'] as string) as {
        scrape_configs: { job_name: string; scrape_interval?: string }[];
      };
      // Names are those of a network of containers, and a test waits for no 30 seconds.
      const text = stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: rendered.scrape_configs
          .filter(({ job_name: name }) => name.startsWith('health-'))
          .map((job) => ({ ...job, scrape_interval: '1s' })),
      })
        .replaceAll('blackbox-exporter:9115', `127.0.0.1:${probes}`)
        .replaceAll(/\b(?:shop|gone):/g, '127.0.0.1:');
      writeFileSync(path.join(folder, 'prometheus.yml'), text);
      writeFileSync(path.join(folder, 'blackbox.yml'), renderBlackbox());
      start(prober, [
        `--config.file=${folder}/blackbox.yml`,
        `--web.listen-address=127.0.0.1:${probes}`,
      ]);
      start('prometheus', [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${own}`,
      ]);
      api = `http://127.0.0.1:${own}/api/v1/query`;
    });

    afterAll(() => {
      for (const program of programs) program.kill('SIGKILL');
      shop.close();
      rmSync(folder, { recursive: true, force: true });
    });

    function start(program: string, args: readonly string[]): void {
      programs.push(spawn(program, args, { stdio: 'ignore' }));
    }

    /** The services of which a query gives a series, of those that this test has. */
    async function found(query: string): Promise<string[]> {
      const answer = await fetch(`${api}?${new URLSearchParams({ query }).toString()}`);
      const { data } = (await answer.json()) as { data: { result: Series[] } };
      return data.result
        .flatMap(({ metric }) => metric.service ?? [])
        .filter((name) => ['shop', 'gone'].includes(name))
        .sort();
    }

    const alert = healthRules.find(({ alert: name }) => name === 'ServiceUnhealthy')?.expr ?? '';
    const soon = { timeout: 20_000, interval: 200 };

    test('tell whose health it is, where a path is asked and where a port is', async () => {
      const each = 'count by (service, job, instance) (probe_success)';
      await expect.poll(() => found(each).catch(() => []), soon).toEqual(['gone', 'shop']);
      const of = (job: string, name: string) =>
        found(`probe_success{job="${job}",service="${name}",instance="${name}"}`);
      expect([await of('health-path', 'shop'), await of('health-port', 'gone')]).toEqual([
        ['shop'],
        ['gone'],
      ]);
    });

    test('see a service that says it cannot work, and see it recover', async () => {
      await expect.poll(() => found(alert), soon).toEqual(['gone']);
      healthy = 503;
      await expect.poll(() => found(alert), soon).toEqual(['gone', 'shop']);
      healthy = 200;
      await expect.poll(() => found(alert), soon).toEqual(['gone']);
    });
  },
);
