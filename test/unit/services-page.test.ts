import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { aboutService } from '../../components/services/admin-words';
import { entryNames } from '../../components/services/entries';
import { mailCatcher } from '../../components/services/mailpit';
import { isAsked } from '../../components/services/monitoring/blackbox';
import {
  dashboards,
  dashboardOf,
} from '../../components/services/monitoring/dashboards/dashboards';
import { alertsOf } from '../../components/services/monitoring/rules/rules';
import { root } from '../../engine/root';
import { everyService, keptBy, servicesTables } from '../support/services-page';

const services = everyService();
const names = services.map(({ name }) => name);
const page = path.join(root, 'docs/services.md');

/** How the queries of a dashboard name what has no series with its name. */
const figures: Readonly<Record<string, string>> = {
  database: 'strata_database_',
  gateway: 'nginx_',
  guard: 'strata_guard_',
  pooler: 'pgbouncer_',
};

test('every entry of the catalogue is looked at', () => {
  for (const entry of entryNames) {
    const name = entry === 'mailpit' ? mailCatcher.host : entry;
    expect(names).toContain(name);
    // One among others of its kind: the dashboard of all services is for those that the platform does not know.
    expect(dashboardOf(name)).not.toBe('Services');
  }
  // So is what only a setting brings, such as the scanner of uploads.
  expect(names).toEqual(Object.keys(aboutService).sort());
});

describe.each(services.map((service) => [service.name, service] as const))(
  '%s',
  (name, service) => {
    test('is known in words', () => {
      expect(aboutService[name]).toBeTruthy();
    });

    test('has a health check', () => {
      expect(service.health ?? service.healthCommand ?? service.port).toBeDefined();
    });

    test('gives figures, or is asked by an exporter that does, or says why it has none', () => {
      const { metrics } = service;
      if (metrics && 'exporter' in metrics) {
        const exporter = services.find((one) => one.name === metrics.exporter);
        expect(exporter?.metrics).toMatchObject({ path: '/metrics' });
      } else if (metrics && 'none' in metrics) {
        expect(metrics.none).toMatch(/\w+ \w+/);
        // Somebody looks at it nevertheless.
        expect(isAsked(service)).toBe(true);
      } else {
        expect(metrics).toMatchObject({ port: expect.any(Number) as number, path: /^\// });
      }
    });

    test('is watched by an alert', () => {
      expect(alertsOf(service)).not.toEqual([]);
    });

    test('is in a panel of its dashboard', () => {
      const board = Object.values(dashboards).find(({ title }) => title === dashboardOf(name));
      const queries = JSON.stringify(board?.panels);
      const all = board?.title === 'Services' && queries.includes('up{job=~\\".+\\"}');
      expect(all || queries.includes(figures[name] ?? name)).toBe(true);
    });

    test('says what it keeps and what brings that back', () => {
      for (const { what, back } of keptBy(service)) {
        expect([what, back]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
      }
      const volumes = Object.keys(service.volumes ?? {});
      expect(keptBy(service).length).toBeGreaterThanOrEqual(volumes.length > 0 ? 1 : 0);
    });
  },
);

test('docs/services.md says of each service what its description says', async () => {
  const { is, watched } = servicesTables();
  const tables = [is, watched];
  const text = readFileSync(page, 'utf8').replace(/(?:^\|.*\|\n)+/gm, () => `${tables.shift()}\n`);
  const now = await format(text, { ...(await resolveConfig(page)), parser: 'markdown' });
  if (process.env.STRATA_RECORD) writeFileSync(page, now);
  expect([tables, readFileSync(page, 'utf8')]).toEqual([[], now]);
});
