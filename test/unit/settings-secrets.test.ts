import { expect, test } from 'vitest';
import { missingSecrets } from '../../components/settings/named-secrets';
import { parseSettings } from '../../components/settings/read';

const config = {
  'strata:target': 'docker',
  'strata:customServices': { shop: { image: 'shop:1', secrets: { KEY: 'shop-key' } } },
  'strata:functions': { secrets: { STRIPE_KEY: 'stripe-key' } },
  'strata:gateway': { tls: { mode: 'own', certificate: 'tls-certificate', key: 'tls-key' } },
  'strata:monitoring': {
    receivers: {
      chat: { kind: 'slack', url: 'slack-url', channel: '#a' },
      phone: { kind: 'telegram', token: 'telegram-token', chat: 1 },
      hook: { kind: 'webhook', urlSecret: 'hook-url', token: 'hook-token' },
      mail: { kind: 'mail', to: ['a@example.org'] },
    },
    send: { critical: ['chat', 'phone', 'hook', 'mail'] },
    smtp: { host: 'mail.example.org', from: 'a@example.org', user: 'a', password: 'smtp-password' },
  },
  'strata:storage': {
    store: 's3',
    s3: { bucket: 'files', accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 's3-secret' },
  },
};

/** What is wrong when these secrets are set. */
function missing(...names: string[]) {
  const secrets = Object.fromEntries(names.map((name) => [name, 'hush']));
  const all = Object.entries({ ...config, 'strata:secrets': secrets }).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return missingSecrets(
    parseSettings(Object.fromEntries(all) as Record<string, string>, ['strata:secrets']),
  );
}

const named = [
  'strata:customServices.shop.secrets.KEY',
  'strata:functions.secrets.STRIPE_KEY',
  'strata:gateway.tls.certificate',
  'strata:gateway.tls.key',
  'strata:monitoring.receivers.chat.url',
  'strata:monitoring.receivers.phone.token',
  'strata:monitoring.receivers.hook.urlSecret',
  'strata:monitoring.receivers.hook.token',
  'strata:monitoring.smtp.password',
  'strata:storage.s3.accessKey',
  'strata:storage.s3.secretKey',
];

test('every setting that names a secret which is not set is told', () => {
  expect(missing().map(({ key }) => key)).toEqual(named);
});

test('a secret that is set is not, and one that is missing is told with those that there are', () => {
  const set = ['shop-key', 'stripe-key', 'tls-certificate', 'tls-key', 'slack-url', 'hook-url'];
  const rest = ['hook-token', 'smtp-password', 's3-secret'];
  expect(missing(...set, ...rest)).toEqual(
    ['strata:monitoring.receivers.phone.token', 'strata:storage.s3.accessKey'].map((key) => ({
      key,
      reason: 'names a secret that is not set',
      allowed: `${[...set, ...rest].slice(0, -1).join(', ')} or s3-secret`,
      advice: 'Set it: npm run pulumi -- config set --secret --path strata:secrets.<name>',
    })),
  );
});

test('what is written where a name belongs is not shown: it may be the secret', () => {
  expect(JSON.stringify(missing('shop-key'))).not.toMatch(/AKIA|telegram-token/);
});

test('settings that name no secret need none', () => {
  expect(missingSecrets(parseSettings({}))).toEqual([]);
});
