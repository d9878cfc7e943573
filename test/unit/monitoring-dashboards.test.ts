import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { dashboards } from '../../components/services/monitoring/dashboards/dashboards';
import { databaseFigures } from '../../components/services/monitoring/database-figures';
import { root } from '../../engine/root';
import { ownFigures } from '../support/monitoring/own-figures';
import { figuresOf, queries } from '../support/monitoring/queries';
import { recorded } from '../support/monitoring/recorded';
import { available, check } from '../support/monitoring/tools';

const promtool = available('promtool', 'prometheus');
const all = Object.entries(dashboards);

/** Where figures are declared that no registry of ours has. */
const sources = [
  'components/services/images/functions/worker.ts',
  'components/services/database/backup.sh',
  'components/services/monitoring/alloy.ts',
];

/** Figures of every program: with kinds of a histogram for each, because the source does not say which are. */
async function given(): Promise<Set<string>> {
  const exporters = readdirSync(path.join(root, 'test/support/monitoring/metrics'));
  const lists = exporters.flatMap((file) => recorded(path.basename(file, '.txt')));
  const own = Object.keys(await ownFigures());
  const declared = sources.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/\b(?:strata|storage)_[a-z_]+/g)].map(
      ([name]) => name,
    ),
  );
  // Columns of our queries; some are empty where there are no replicas.
  const asked = Object.entries(databaseFigures).flatMap(([name, { metrics }]) =>
    metrics.flatMap((column) => Object.keys(column).map((figure) => `${name}_${figure}`)),
  );
  // Put together in the source.
  const joined = ['strata_gateway_requests_total', 'strata_gateway_seconds'];
  const histograms = [...declared, ...joined].flatMap((name) => [
    name,
    `${name}_bucket`,
    `${name}_count`,
  ]);
  // Made by Prometheus itself.
  return new Set([...lists, ...own, ...asked, ...histograms, 'up', 'ALERTS']);
}

test('every query asks for figures that somebody gives', async () => {
  const known = await given();
  const unknown = queries().flatMap((query) => figuresOf(query).filter((name) => !known.has(name)));
  expect(unknown).toEqual([]);
});

test('a query asks our own figures only for labels that they have', async () => {
  const own = await ownFigures();
  const wrong = queries().flatMap((query) => {
    const kept = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) =>
      names.split(/,\s*/),
    );
    return figuresOf(query).flatMap((name) => {
      // Prometheus itself adds the last.
      const labels = own[name] && [...own[name], 'job'];
      const selectors = [...query.matchAll(new RegExp(`\\b${name}\\{([^}]*)\\}`, 'g'))];
      const asked = selectors.flatMap(([, selector = '']) =>
        [...selector.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = '']) => label),
      );
      return [...asked, ...kept]
        .filter((label) => labels?.includes(label) === false)
        .map((label) => `${name}: ${label}`);
    });
  });
  expect(wrong).toEqual([]);
});

test('names of figures are found in queries, and nothing else is', () => {
  expect(
    figuresOf(
      'sum by (le, door) (rate(a_bucket{x=~"b|c", y!="d"}[5m])) / (e:f > 0) and g offset 10m > 1e9 or absent(h)',
    ),
  ).toEqual(['a_bucket', 'e:f', 'g', 'h']);
});

test.runIf(promtool)('promtool can read every query of every panel', () => {
  const rules = all.flatMap(([name, { panels }]) =>
    panels.flatMap(({ id, targets }) =>
      targets.map(({ refId, expr }) => ({ record: `${name}:panel_${id}:${refId}`, expr })),
    ),
  );
  const file = { groups: [{ name: 'panels', rules }] };
  const said = check('promtool', ['check', 'rules', 'panels.yml'], {
    'panels.yml': stringify(file),
  });
  expect(said).toMatchObject({ status: 0 });
  expect(said.text).toContain(`${rules.length} rules found`);
});

test.runIf(promtool)('promtool refuses a query that cannot be read', () => {
  const rules = [{ record: 'a', expr: 'sum by (a (b)' }];
  const file = { groups: [{ name: 'panels', rules }] };
  const said = check('promtool', ['check', 'rules', 'panels.yml'], {
    'panels.yml': stringify(file),
  });
  expect(said.status).toBe(1);
});

test('dashboards have names, titles and panels of their own, and nobody edits them in place', () => {
  expect(all.map(([name, { uid, title }]) => [name, uid, title])).toEqual([
    ['overview', 'strata-overview', 'Platform'],
    ['services', 'strata-services', 'Services'],
    ['tenants', 'strata-tenants', 'Tenants'],
    ['gateway', 'strata-gateway', 'Gateway and guard'],
    ['apis', 'strata-apis', 'APIs'],
    ['auth', 'strata-auth', 'Sign-in'],
    ['files', 'strata-files', 'Files'],
    ['work', 'strata-work', 'Work'],
    ['operators', 'strata-operators', 'Operators’ pages'],
    ['realtime', 'strata-realtime', 'Realtime'],
    ['database', 'strata-database', 'Postgres and PgBouncer'],
    ['redis', 'strata-redis', 'Redis'],
    ['containers', 'strata-containers', 'Containers'],
  ]);
  for (const [, { editable, panels }] of all) {
    expect(editable).toBe(false);
    const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`);
    expect(new Set(places).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  }
});

test('a panel names in its legend only labels that its query keeps', () => {
  const wrong = all.flatMap(([, { panels }]) =>
    panels.flatMap(({ title, targets }) =>
      targets.flatMap(({ expr, legendFormat }) => {
        const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/);
        const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name);
        return kept === undefined
          ? []
          : named.filter((name) => !kept.includes(name)).map(() => title);
      }),
    ),
  );
  expect(wrong).toEqual([]);
});
