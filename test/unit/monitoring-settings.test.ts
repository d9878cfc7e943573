import { expect, test } from 'vitest';
import { monitoringSchema } from '../../components/settings/monitoring';

const hook = { kind: 'webhook', url: 'https://example.org/alerts' };

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly params?: { readonly reason?: string };
}

/** What is wrong, as `path: reason`. */
function wrong(given: unknown): string[] {
  const { error } = monitoringSchema.safeParse(given);
  return (error?.issues ?? []).map((issue) => {
    const { path, message, params } = issue as Issue;
    return `${path.join('.')}: ${params?.reason ?? message}`;
  });
}

function receiver(given: object): string[] {
  return wrong({
    receivers: { a: given },
    send: { critical: ['a'] },
    smtp: { host: 'mail.example.org', from: 'a@example.org' },
  });
}

test('nothing given is a deployment that watches and tells nobody', () => {
  expect(monitoringSchema.parse({})).toEqual({
    retention: { days: 15, size: '10G' },
    receivers: {},
    send: { critical: [], warning: [], watchdog: [] },
    dashboards: false,
    logs: false,
    traces: false,
  });
});

const hidden = ['receivers.a.url: is not valid (not shown: it may be a secret)'];

test.each([
  'example.org',
  'ftp://example.org/',
  'javascript:alert(1)',
  'https://',
  'https://user:password@example.org/',
  'https://example.org/#part',
  'https://example.org/a b',
  'https://example.org/\nreceivers: []',
  'https://example.org/{{RECEIVER_PHONE_TOKEN}}',
  'https://example.org/{{ .ExternalURL }}',
  'file:///run/strata/secrets/SMTP_PASSWORD',
])('a web-hook is refused at %j, which is not shown', (url) => {
  expect(receiver({ kind: 'webhook', url })).toEqual(hidden);
});

test.each(['a chat', '-100123', 0, 1.5, null, Number.MAX_SAFE_INTEGER * 4])(
  'a Telegram chat is a number, not %j',
  (chat) => {
    expect(receiver({ kind: 'telegram', token: 'telegram-token', chat })).toEqual([
      'receivers.a.chat: the number of a Telegram chat, negative for a group, such as -1001234567890',
    ]);
  },
);

test.each(['123456:AAAAAAA', 'https://hooks.slack.com/services/T/B/X', '', 'a b', '{{A}}', '../x'])(
  'a secret is named, not given: %j is not shown',
  (secret) => {
    const { error } = monitoringSchema.safeParse({
      receivers: {
        a: { kind: 'telegram', token: secret, chat: 1 },
        b: { kind: 'slack', url: secret, channel: '#a' },
        c: { ...hook, token: secret },
      },
      send: { critical: ['a', 'b', 'c'] },
    });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'receivers.a.token',
      'receivers.b.url',
      'receivers.c.token',
    ]);
    if (secret !== '') expect(JSON.stringify(error?.issues)).not.toContain(secret);
  },
);

test.each([
  'ops',
  'ops@example.org, other@example.org',
  'Ops <ops@example.org>',
  'ops@example.org\nBcc: all@example.org',
  '{{ .CommonLabels.x }}@example.org',
  '"a b"@example.org',
])('mail is not sent to %j', (to) => {
  expect(receiver({ kind: 'mail', to: [to] })).toEqual([
    'receivers.a.to.0: a mail address such as ops@example.org',
  ]);
});

test.each(['#Alerts', '#a b', '<!channel>', '{{ .X }}', ''])(
  'Slack has no channel %j',
  (channel) => {
    expect(receiver({ kind: 'slack', url: 'slack-url', channel })).toEqual([
      'receivers.a.channel: a Slack channel such as "#alerts"',
    ]);
  },
);

test.each(['nobody', 'Ops', 'a: b', 'a\nb', 'a_b', '-', '{{a}}', '__proto__', '%s', '💥'])(
  'no receiver is called %j',
  (name) => {
    const receivers = JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(hook)}}`) as object;
    expect(wrong({ receivers, send: { critical: [name] } })).not.toEqual([]);
  },
);

test('a kind that there is not is refused with those that there are', () => {
  expect(receiver({ kind: 'sms', to: '1' })).toEqual([
    'receivers.a.kind: mail, slack, telegram or webhook',
  ]);
});

test('everything that contradicts itself is said at once', () => {
  expect(
    wrong({
      receivers: {
        unused: hook,
        mail: { kind: 'mail', to: ['a@example.org'] },
      },
      send: { critical: ['mail', 'mail', 'missing'], watchdog: ['mail'] },
    }),
  ).toEqual([
    'send.critical.1: names the receiver "mail" a second time',
    'send.critical.2: names the receiver "missing", which there is not',
    'receivers.unused: is a receiver that nothing is sent to',
  ]);
});

test('a web-hook has one address, and a mail server both a login and a password', () => {
  expect(receiver({ kind: 'webhook' })).toEqual(['receivers.a: needs either "url" or "urlSecret"']);
  expect(receiver({ ...hook, urlSecret: 'x' })).toEqual([
    'receivers.a: needs either "url" or "urlSecret"',
  ]);
  expect(wrong({ smtp: { host: 'a.example.org', from: 'a@example.org', user: 'a' } })).toEqual([
    'smtp: has only one of "user" and "password"',
  ]);
});

test.each([
  [{ retention: { days: 0 } }, 'retention.days: at least 1 day'],
  [{ retention: { size: '10GB' } }, 'retention.size: a size in M or G, such as 512M or 2G'],
  [{ logs: 'yes' }, 'logs: true or false'],
])('%j is refused', (given, said) => {
  expect(wrong(given)).toEqual([said]);
});
