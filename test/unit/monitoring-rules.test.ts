import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { certificateNames } from '../../components/data/certificates';
import { planOf } from '../../components/plan';
import { monitoring } from '../../components/services/monitoring/monitoring';
import { root } from '../../engine/root';
import type { Seen } from '../support/monitoring/case';
import { cases } from '../support/monitoring/rule-cases';
import { platform, rulesIn, settingsWith } from '../support/monitoring/settings';
import { available, check } from '../support/monitoring/tools';
import { settingsOf } from '../support/platform';

interface RenderedRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

const settings = settingsWith({ dashboards: true, logs: true, traces: true });
const [prometheus] = monitoring(settings, platform);
const rendered = rulesIn(prometheus);
const all = (parse(rendered) as { groups: { rules: RenderedRule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const tested = all.filter(({ alert }) => alert !== 'Watchdog');
const promtool = available('promtool', 'prometheus');

/** A test of promtool: this alert has exactly these samples. */
function ruleTest(name: string, { series, at }: Seen, samples: readonly object[]) {
  return {
    name,
    interval: '1m',
    input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
    promql_expr_test: [
      {
        expr: `ALERTS{alertname="${name}",alertstate="firing"}`,
        eval_time: at,
        exp_samples: samples,
      },
    ],
  };
}

/** Runs tests of promtool against one rule alone: with all others it takes most of a minute. */
function tried(rule: RenderedRule, tests: readonly object[]) {
  const rules = { groups: [{ name: 'tested', rules: [rule] }] };
  const file = { rule_files: ['rules.yml'], evaluation_interval: '1m', tests };
  return check('promtool', ['test', 'rules', 'test.yml'], {
    'rules.yml': stringify(rules),
    'test.yml': stringify(file),
  });
}

function labelsOf({ alert, labels: { severity } }: RenderedRule, more: Record<string, string>) {
  const labels = { alertname: alert, alertstate: 'firing', severity, ...more };
  const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `ALERTS{${text.join(',')}}`;
}

test('every rule has a case in which it fires and one in which it does not, and no other case is left', () => {
  expect(Object.keys(cases).sort()).toEqual(tested.map(({ alert }) => alert).sort());
});

test.runIf(promtool)('promtool accepts the rules', () => {
  const said = check('promtool', ['check', 'rules', 'rules.yml'], { 'rules.yml': rendered });
  expect(said).toMatchObject({ status: 0 });
  expect(said.text).toContain(`${all.length} rules found`);
});

test.runIf(promtool).each(tested)(
  '$alert fires with its labels when it must, and stays quiet when it must',
  (rule) => {
    const { fires, quiet } = cases[rule.alert] ?? {};
    if (!fires || !quiet) throw new Error('there is no case for it');
    const alert = { labels: labelsOf(rule, fires.labels), value: 1 };
    expect(
      tried(rule, [ruleTest(rule.alert, fires, [alert]), ruleTest(rule.alert, quiet, [])]),
    ).toEqual({ status: 0, text: expect.stringContaining('SUCCESS') as string });
  },
);

test.runIf(promtool)('the watch-dog always fires', () => {
  const watchdog = all.find(({ alert }) => alert === 'Watchdog');
  if (!watchdog) throw new Error('there is no watch-dog');
  const alert = { labels: labelsOf(watchdog, {}), value: 1 };
  const tests = ['0m', '5h'].map((at) => ruleTest('Watchdog', { at, series: {} }, [alert]));
  expect(tried(watchdog, tests)).toMatchObject({ status: 0 });
});

test('the text of an alert names only labels that the alert has', () => {
  const unknown = tested.flatMap(({ alert, annotations }) =>
    [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !Object.hasOwn(cases[alert]?.fires.labels ?? {}, name))
      .map((name) => `${alert}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every alert has a runbook at its own name, and every runbook an alert', () => {
  const text = readFileSync(path.join(root, 'docs/runbooks.md'), 'utf8');
  const headings = [...text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(headings.sort()).toEqual(all.map(({ alert }) => alert).sort());
  for (const { alert, annotations } of all) {
    expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
  }
});

test('the runbooks stand where the settings say', () => {
  const [moved] = monitoring(settingsWith({ runbooks: 'https://wiki.example.org/ops' }), platform);
  expect(rulesIn(moved)).toContain('runbook_url: https://wiki.example.org/ops#targetdown');
});

test('what is not there has no rules, which could never fire', () => {
  const [alone] = monitoring(settingsWith(), []);
  const { groups } = parse(rulesIn(alone)) as { groups: { name: string }[] };
  expect(groups.map(({ name }) => name)).toEqual([
    'targets',
    'monitoring',
    'host',
    'database',
    'audit',
    'certificates',
  ]);
});

test.each([
  ['functions', ['FunctionFails']],
  ['functions-worker', ['FunctionFails', 'OutboxDead', 'OutboxLag', 'QueueDeep', 'QueueFails']],
])('an application with nothing but %s has the rules for it', (name, expected) => {
  const services = platform.filter((service) => service.name === name);
  const [alone] = monitoring(settingsWith(), services);
  const { groups } = parse(rulesIn(alone)) as {
    groups: { rules: RenderedRule[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  expect(alerts.filter((alert) => /^(Function|Outbox|Queue)/.test(alert)).sort()).toEqual(expected);
});

test('the end of each certificate inside is watched, but the gateway’s, which is seen from outside', () => {
  const { all: services } = planOf(settingsOf({ target: 'docker', preset: 'standard' }));
  const file = services.find(({ name }) => name === 'prometheus')?.files['rules.yml'];
  const watched = typeof file === 'string' ? [] : Object.values(file?.secrets ?? {});
  const hosts = Object.keys(certificateNames(services, [])).filter((host) => host !== 'gateway');
  expect(watched).toEqual(hosts.map((certificate) => ({ certificate, part: 'expires' })));
});
