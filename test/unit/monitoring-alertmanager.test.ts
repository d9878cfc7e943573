import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  alertmanager,
  renderAlertmanager,
} from '../../components/services/monitoring/alertmanager';
import { settingsWith } from '../support/monitoring/settings';
import { available, check, filled, type Said } from '../support/monitoring/tools';

const amtool = available('amtool', 'prometheus-alertmanager');
const smtp = { host: 'mail.example.org', from: 'strata@example.org' };

/** One receiver of each kind, in each of its forms. */
const forms = {
  mail: { kind: 'mail', to: ['ops@example.org', 'second+tag@example.org'] },
  slack: { kind: 'slack', url: 'slack-url', channel: '#alerts' },
  telegram: { kind: 'telegram', token: 'telegram-token', chat: -1001234567890 },
  plain: { kind: 'webhook', url: 'https://example.org/alerts?from=strata' },
  token: { kind: 'webhook', url: 'http://hook:8080/', token: 'hook-token' },
  secret: { kind: 'webhook', urlSecret: 'hook-url' },
} as const;

type Form = keyof typeof forms;
const formNames = Object.keys(forms) as Form[];

function render(names: readonly Form[], more = {}): string {
  const settings = settingsWith({
    receivers: Object.fromEntries(names.map((name) => [name, forms[name]])),
    send: { critical: names, warning: names.slice(0, 1), watchdog: names.slice(-1) },
    smtp,
    ...more,
  });
  return filled(renderAlertmanager(settings.monitoring), {
    RECEIVER_TELEGRAM_TOKEN: '123456:AAA-bbb_ccc',
    RECEIVER_SECRET_URL: 'https://hc.example.org/ping/0c2f?x=%7B1%7D',
  });
}

function checked(text: string) {
  return check('amtool', ['check-config', 'alertmanager.yml'], { 'alertmanager.yml': text });
}

/** The first line: below it Debian's amtool may warn of its own settings. */
function routed({ status, text }: Said) {
  return { status, receivers: text.split('\n', 1)[0]?.split(',') };
}

/** Every set of receivers: none, each alone, all pairs … all. */
const combinations = Array.from({ length: 2 ** formNames.length }, (_, bits) =>
  formNames.filter((_name, index) => bits & (1 << index)),
);

describe.runIf(amtool)('amtool', () => {
  test.each(combinations)('accepts receivers: %s %s %s %s %s %s', (...names) => {
    expect(checked(render(names.filter((name) => (name as unknown) !== undefined)))).toMatchObject({
      status: 0,
    });
  });

  test('accepts a mail server with a login', () => {
    const login = { ...smtp, port: 465, user: 'strata', password: 'smtp-password' };
    expect(checked(render(['mail'], { smtp: login }))).toMatchObject({ status: 0 });
  });

  test.each([
    ['alertname=Watchdog severity=none', ['plain']],
    ['alertname=TargetDown severity=critical job=guard', ['slack', 'telegram']],
    ['alertname=RedisEvicts severity=critical', ['slack', 'telegram']],
    ['alertname=NewAdmin severity=warning', ['mail']],
    ['alertname=Unheard severity=info', ['nobody']],
    // What an alert is called does not lead it elsewhere.
    ['alertname=Watchdog2 severity=critical', ['slack', 'telegram']],
  ])('sends %s to %s', (labels, receivers) => {
    const text = render(['mail', 'slack', 'telegram', 'plain'], {
      send: { critical: ['slack', 'telegram'], warning: ['mail'], watchdog: ['plain'] },
    });
    const test = ['config', 'routes', 'test', '--config.file=alertmanager.yml'];
    const said = check('amtool', [...test, ...labels.split(' ')], { 'alertmanager.yml': text });
    expect(routed(said)).toEqual({ status: 0, receivers });
  });

  test('sends nothing to anybody where there are no receivers', () => {
    for (const severity of ['critical', 'warning', 'none']) {
      const test = ['config', 'routes', 'test', '--config.file=alertmanager.yml'];
      const said = check('amtool', [...test, `severity=${severity}`, 'alertname=Watchdog'], {
        'alertmanager.yml': render([]),
      });
      expect(routed(said)).toEqual({ status: 0, receivers: ['nobody'] });
    }
  });
});

test('secrets are files, and where there is no option for one the whole file is a secret', () => {
  const settings = settingsWith({
    receivers: forms,
    send: { critical: formNames },
    smtp: { ...smtp, user: 'strata', password: 'smtp-password' },
  });
  const { secrets, files } = alertmanager(settings);
  expect(secrets).toEqual({
    SMTP_PASSWORD: { config: 'smtp-password' },
    RECEIVER_SLACK_URL: { config: 'slack-url' },
    RECEIVER_TOKEN_TOKEN: { config: 'hook-token' },
  });
  expect(files['alertmanager.yml']).toMatchObject({
    secrets: {
      RECEIVER_TELEGRAM_TOKEN: { config: 'telegram-token' },
      RECEIVER_SECRET_URL: { config: 'hook-url' },
    },
  });
});

test('without such a secret the file is none', () => {
  const settings = settingsWith({ receivers: { a: forms.slack }, send: { critical: ['a'] } });
  expect(typeof renderAlertmanager(settings.monitoring)).toBe('string');
});

test('whatever receivers are called, the file has those names and no other keys', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      names.filter((all) => !all.includes('nobody')),
      fc.webUrl({ withQueryParameters: true }),
      (all, url) => {
        fc.pre(!/[{}#]/.test(url));
        const settings = settingsWith({
          receivers: Object.fromEntries(all.map((name) => [name, { kind: 'webhook', url }])),
          send: { critical: all },
        });
        const text = filled(renderAlertmanager(settings.monitoring), {});
        const read = parse(text) as { receivers: object[] };
        expect(Object.keys(read)).toEqual(['route', 'inhibit_rules', 'receivers']);
        expect(read.receivers).toEqual([
          { name: 'nobody' },
          ...Object.keys(settings.monitoring.receivers).map((name) => ({
            name,
            webhook_configs: [{ url, max_alerts: 100, send_resolved: true }],
          })),
        ]);
      },
    ),
  );
});
