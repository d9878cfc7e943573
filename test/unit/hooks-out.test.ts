import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hooks, type Hook } from '../../components/settings/hooks';
import { missingSecrets } from '../../components/settings/named-secrets';
import { parseSettings } from '../../components/settings/read';
import { Interrupted, UserError } from '../../engine/errors';
import { chatText, type Message, reasonOf, Watch } from '../../engine/hooks/message';
import { tell } from '../../engine/hooks/send';
import { distrust, sign, signingKey } from '../../engine/hooks/signature';
import { Receiver } from '../support/hooks';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const key = signingKey(secret) ?? Buffer.alloc(0);
const token = '123456:AAH-bot_token_of_nobody';
const message: Message = {
  stack: 'prod',
  event: 'failed',
  tier: 'single',
  target: 'docker',
  when: '2026-11-22T06:00:00.000Z',
  summary: { created: 1, changed: 2, deleted: 0, same: 3 },
  durationSeconds: 61,
  error: 'npm run up failed.',
};

describe('the signature', () => {
  test('is the one that the reference library makes', () => {
    // libraries/javascript/src/webhook.test.ts of standard-webhooks, 2026-11-22.
    const headers = sign(
      key,
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '{"test": 2432232314}',
      1614265330000,
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test.each([
    ['', undefined],
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', undefined],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, undefined],
    [`whsec_${Buffer.alloc(24).toString('base64')}`, 24],
    [`whsec_${Buffer.alloc(64).toString('base64')}`, 64],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, undefined],
    ['whsec_not base64 at all, but long enough', undefined],
  ])('is made with a key of 24 to 64 bytes: %j', (text, length) => {
    expect(signingKey(text)?.length).toBe(length);
  });
});

describe('a hook, told to a stand-in for its receiver', () => {
  let receiver: Receiver;
  const said = () => receiver.received.map(({ body }) => body);
  const webhook = (): Hook => ({
    kind: 'webhook',
    url: `${receiver.url}/hooks?of=strata`,
    secret: 'key',
    events: ['failed'],
  });
  const chat: Hook = { kind: 'telegram', token: 'bot', chat: -100, events: ['failed'] };
  const secrets: Record<string, string> = { key: secret, bot: token };
  const sending = (more = {}) => ({
    secret: (name: string) => secrets[name],
    telegram: receiver.url,
    pausesMs: [1, 1],
    timeoutMs: 10_000,
    ...more,
  });

  beforeEach(async () => {
    receiver = await Receiver.start();
  });

  afterEach(() => {
    receiver.stop();
  });

  test('is a signed POST of JSON', async () => {
    await tell(webhook(), message, sending());
    const [first] = receiver.received;
    expect(receiver.received).toHaveLength(1);
    expect(first).toMatchObject({ method: 'POST', url: '/hooks?of=strata' });
    expect(JSON.parse(first?.body ?? '')).toEqual(message);
    expect(first?.headers['content-type']).toBe('application/json');
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
      String(first?.headers[`webhook-${name}`]),
    ) as [string, string, string];
    const clock = { now: Date.now(), since: 0 };
    expect(distrust(key, { id, timestamp, signature }, Buffer.from(first?.body ?? ''), clock)).toBe(
      undefined,
    );
    expect(JSON.stringify(receiver.received)).not.toContain(secret);
  });

  test('is tried three times with one id, and then given up', async () => {
    receiver.answers.push({ status: 500 }, { status: 503 }, { status: 429 }, { status: 204 });
    await expect(tell(webhook(), message, sending())).rejects.toThrow('status 429');
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('is told when the second try is taken', async () => {
    receiver.answers.push({ status: 500 });
    await tell(webhook(), message, sending());
    expect(receiver.received).toHaveLength(2);
  });

  test.each([301, 302, 307, 308])('is not sent on by a redirect (%i)', async (status) => {
    const other = await Receiver.start();
    try {
      receiver.answers.push({ status, headers: { location: `${other.url}/` } });
      await expect(tell(webhook(), message, sending())).rejects.toThrow(`status ${status}`);
      expect(other.received).toEqual([]);
      expect(receiver.received).toHaveLength(1);
    } finally {
      other.stop();
    }
  });

  test('is not repeated when it is refused', async () => {
    receiver.answers.push({ status: 410 });
    await expect(tell(webhook(), message, sending())).rejects.toThrow('status 410');
    expect(said()).toHaveLength(1);
  });

  test('is given up when nothing answers in time', async () => {
    receiver.answers.push('hang', 'hang', 'hang');
    // Long enough to arrive: the receiver is this process too.
    const options = sending({ timeoutMs: 1_000 });
    await expect(tell(webhook(), message, options)).rejects.toThrow('in time');
    expect(said()).toHaveLength(3);
  });

  test('that cannot be reached says so without the address', async () => {
    const options = sending();
    receiver.stop();
    const error: unknown = await tell(chat, message, options).catch((e: unknown) => e);
    expect(String(error)).toContain('cannot be reached (ECONNREFUSED)');
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(token);
  });

  test('of Telegram is a message to the chat, whose token stands in the address alone', async () => {
    await tell(chat, message, sending());
    expect(receiver.received[0]?.url).toBe(`/bot${token}/sendMessage`);
    expect(JSON.parse(said()[0] ?? '')).toEqual({ chat_id: -100, text: chatText(message) });
    expect(said()[0]).not.toContain(token);
  });

  test.each([
    [{ key: 'short' }, 'cannot sign'],
    [{}, 'is not set'],
  ])('without a right secret sends nothing', async (known: Record<string, string>, why) => {
    const options = { ...sending(), secret: (name: string) => known[name] };
    await expect(tell(webhook(), message, options)).rejects.toThrow(why);
    expect(said()).toEqual([]);
  });

  test('with a token that would lead elsewhere sends nothing', async () => {
    const options = { ...sending(), secret: () => '1:x/../../evil?' };
    const error: unknown = await tell(chat, message, options).catch((e: unknown) => e);
    expect(String(error)).toContain('no token');
    expect(String(error)).not.toContain('evil');
    expect(said()).toEqual([]);
  });
});

describe('the sentence about a failure', () => {
  const none = new Set<string>();
  test('is the first line, because further ones may be logs', () => {
    const error = new UserError('Stack "x" is not healthy:\nauth: password=hunter2 was refused');
    expect(reasonOf(error, none)).toBe('Stack "x" is not healthy.');
  });

  test('names what failed, and not all of it', () => {
    const failed = new Set(['a b', 'a c', 'a d', 'a e', 'a f', 'a g', 'a h']);
    expect(reasonOf(new UserError('npm run up failed.'), failed)).toBe(
      'npm run up failed (a b, a c, a d, a e, a f and 2 more).',
    );
  });

  test.each([
    ['connect to postgres://strata:s3cr3t@db:5432/x failed', 's3cr3t'],
    ['the key sk_live_4242424242424242 is wrong', '4242424242424242'],
    ['"q8Zk2LmN5rT7vX1cB4nH6jW9" was given', 'q8Zk2LmN5rT7vX1cB4nH6jW9'],
  ])('holds no secret: %s', (text, secretPart) => {
    expect(reasonOf(new UserError(text), none)).not.toContain(secretPart);
  });

  test('says nothing of what a mistake of ours was about, and little of an interruption', () => {
    expect(reasonOf(new Error('password hunter2'), none)).toBe('It failed by a mistake in Strata.');
    expect(reasonOf(new Interrupted(), none)).toBe('It was interrupted.');
  });
});

test('the counts are those of the engine’s summary, and failed resources are named', () => {
  const watch = new Watch();
  const at = { sequence: 1, timestamp: 1 };
  const changes = { create: 3, update: 1, replace: 2, delete: 1, same: 9, 'create-replacement': 2 };
  const summary = { maybeCorrupt: false, durationSeconds: 1, policyPacks: {} };
  const urn = 'urn:pulumi:prod::strata::strata:Platform$strata:docker:Container::auth';
  watch.see({ ...at, summaryEvent: { ...summary, resourceChanges: changes } });
  watch.see({
    ...at,
    resOpFailedEvent: {
      metadata: { op: 'create', type: 'strata:docker:Container', urn, provider: '' },
      status: 1,
      steps: 1,
    },
  });
  expect(watch.summary).toEqual({ created: 3, changed: 3, deleted: 1, same: 9 });
  expect([...watch.failed]).toEqual(['strata:docker:Container auth']);
});

describe('the settings of hooks', () => {
  const refused = (value: unknown) => hooks.safeParse(value).error?.issues.map(({ path }) => path);
  const webhook = { kind: 'webhook', url: 'https://example.org/x', secret: 'hook-key' };

  test('tell every end unless said otherwise', () => {
    expect(hooks.parse({ out: [webhook] }).out[0]?.events).toEqual([
      'deployed',
      'failed',
      'destroyed',
    ]);
  });

  test.each([
    'http://localhost:9000/x',
    'http://127.0.0.1/x',
    'http://[::1]:1/x',
    'https://10.0.0.1/x',
  ])('take %s', (url) => {
    expect(refused({ out: [{ ...webhook, url }] })).toBe(undefined);
  });

  test.each([
    'http://example.org/x',
    'http://localhost.example.org/x',
    'http://127.0.0.1.example.org/',
    'https://user:pass@example.org/x',
    'ftp://example.org/x',
    'https://example.org/x#part',
    'file:///etc/passwd',
  ])('refuse %s', (url) => {
    expect(refused({ out: [{ ...webhook, url }] })).toEqual([['out', 0, 'url']]);
  });

  test('refuse the secret of calls from outside for what is told', () => {
    const { secret: name } = webhook;
    expect(refused({ out: [webhook], in: { secret: name } })).toEqual([['out', 0, 'secret']]);
  });

  test('name secrets that have to be set', () => {
    const told = { kind: 'telegram', token: 'bot-token', chat: 1 };
    const given = { out: [webhook, told], in: { secret: 'call' } };
    const config = { 'strata:hooks': JSON.stringify(given) };
    const missing = (secrets: Record<string, string>) => {
      const all = { ...config, 'strata:secrets': JSON.stringify(secrets) };
      return missingSecrets(parseSettings(all, ['strata:secrets'])).map(({ key }) => key);
    };
    expect(missing({})).toEqual([
      'strata:hooks.out[0].secret',
      'strata:hooks.out[1].token',
      'strata:hooks.in.secret',
    ]);
    expect(missing({ 'hook-key': 'x', 'bot-token': 'x', call: 'x' })).toEqual([]);
  });

  test('show no secret that stands where its name belongs', () => {
    const pasted = 'whsec_AAAA+BBBB/CCCC=';
    const config = { 'strata:hooks': JSON.stringify({ out: [{ ...webhook, secret: pasted }] }) };
    expect(() => parseSettings(config)).toThrow('not shown');
    expect(() => parseSettings(config)).not.toThrow(pasted);
  });

  test('refuse an event twice, none, and one that there is not', () => {
    for (const events of [['failed', 'failed'], [], ['ended']]) {
      expect(refused({ out: [{ ...webhook, events }] })).toHaveLength(1);
    }
  });
});
