import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type {
  Book,
  handler as Handler,
} from '../../components/targets/aws/alarms/notifier/handler';
import { standalone } from '../../engine/loader';

const entry = 'components/targets/aws/alarms/notifier/handler.ts';
const critical = 'arn:aws:sns:eu-central-1:123456789012:strata-prod-alarms-critical';

interface Post {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** A server on this machine; `answer` may be changed for each test. */
class StandIn {
  readonly posts: Post[] = [];
  answer: (post: Post, response: ServerResponse) => void = (_post, response) => response.end('ok');
  readonly #server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      const { url = '', headers } = request;
      const post = { path: url, headers, body: JSON.parse(body) as Record<string, unknown> };
      this.posts.push(post);
      this.answer(post, response);
    });
  });

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): Promise<unknown> {
    this.#server.closeAllConnections();
    return once(this.#server.close(), 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }
}

const alarm = {
  AlarmName: 'strata-prod-data-unreachable',
  AlarmDescription: 'The server of data does not answer AWS.',
  NewStateValue: 'ALARM',
  NewStateReason: 'Threshold Crossed: <!channel> & 5 datapoints',
  StateChangeTime: '2026-11-22T17:04:40.985+0000',
};

describe('the function that tells receivers of alarms (stand-ins for Secrets Manager and receivers)', () => {
  const secrets = new StandIn();
  const receivers = new StandIn();
  let handler: typeof Handler;
  let book: Book;

  beforeAll(async () => {
    await Promise.all([secrets.start(), receivers.start()]);
    vi.stubEnv('SECRET', 'arn-of-secret');
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'key');
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url);
    ({ handler } = await import('../../components/targets/aws/alarms/notifier/handler'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await Promise.all([secrets.stop(), receivers.stop()]);
  });

  beforeEach(() => {
    book = bookOf();
    secrets.answer = (_post, response) => {
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ SecretString: JSON.stringify(book) }));
    };
    receivers.answer = (_post, response) => response.end('ok');
  });
  afterEach(() => {
    receivers.posts.length = 0;
    secrets.posts.length = 0;
  });

  function bookOf(pager: string = receivers.url): Book {
    return {
      [critical]: {
        severity: 'critical',
        receivers: [
          { name: 'chat', kind: 'slack', url: `${receivers.url}/hook-secret`, channel: '#alerts' },
          { name: 'phone', kind: 'telegram', url: `${receivers.url}/bot-secret`, chat: -100 },
          { name: 'pager', kind: 'webhook', url: `${pager}/url-secret`, token: 'token-secret' },
        ],
      },
    };
  }

  const send = (message: unknown = alarm, topic = critical): Promise<void> =>
    handler({
      Records: [
        {
          Sns: {
            TopicArn: topic,
            Message: typeof message === 'string' ? message : JSON.stringify(message),
            Timestamp: '2026-11-22T17:04:41.000Z',
          },
        },
      ],
    });
  const posted = (path: string): Post => {
    const [found, ...more] = receivers.posts.filter((post) => post.path === path);
    if (!found || more.length > 0) throw new Error(`not one post to ${path}`);
    return found;
  };

  test('asks for its own secret', async () => {
    await send();
    expect(secrets.posts.map(({ body }) => body)).toEqual([{ SecretId: 'arn-of-secret' }]);
  });

  test('tells Slack as text that is no markup', async () => {
    await send();
    expect(posted('/hook-secret').body).toEqual({
      channel: '#alerts',
      text:
        '[CRITICAL] strata-prod-data-unreachable\nThe server of data does not answer AWS.\n' +
        'Threshold Crossed: &lt;!channel&gt; &amp; 5 datapoints',
    });
  });

  test('tells a Telegram chat', async () => {
    await send({ ...alarm, NewStateValue: 'OK' });
    const { body } = posted('/bot-secret');
    expect(body).toMatchObject({ chat_id: -100 });
    expect(body.text).toMatch(/^\[RESOLVED\] strata-prod-data-unreachable\n/);
    expect(body).not.toHaveProperty('parse_mode');
  });

  test('posts to a web-hook what Alertmanager would, with the token', async () => {
    await send();
    const { body, headers } = posted('/url-secret');
    expect(headers.authorization).toBe('Bearer token-secret');
    const labels = {
      alertname: 'strata-prod-data-unreachable',
      severity: 'critical',
      job: 'cloudwatch',
    };
    expect(body).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'pager',
      commonLabels: labels,
      alerts: [
        {
          status: 'firing',
          labels,
          annotations: { summary: 'The server of data does not answer AWS.' },
          startsAt: '2026-11-22T17:04:40.985Z',
          endsAt: '0001-01-01T00:00:00Z',
        },
      ],
    });
  });

  test('gives no token to a receiver that has none', async () => {
    await send();
    expect(posted('/hook-secret').headers.authorization).toBeUndefined();
  });

  test.each(['not JSON', '[1]', 'null', '{"AlarmName": 7}'])(
    'tells of a message that no alarm has sent: %.20s',
    async (message) => {
      await send(message);
      const said = String(posted('/bot-secret').body.text);
      expect(said.slice(0, 40)).toContain(message.slice(0, 5));
    },
  );

  test('is as short as Telegram takes it, however long the message is', async () => {
    const long = 'x'.repeat(100_000);
    await send({ ...alarm, AlarmDescription: long, NewStateReason: long });
    expect(String(posted('/bot-secret').body.text).length).toBeLessThan(4096);
  });

  test('tells the others, and fails, when one refuses: Lambda calls again', async () => {
    receivers.answer = ({ path }, response) => {
      response.statusCode = path === '/bot-secret' ? 403 : 200;
      response.end('Unauthorized: bot-secret');
    };
    await expect(send()).rejects.toThrow(/^receiver phone answered 403$/);
    expect(receivers.posts.map(({ path }) => path).sort()).toEqual([
      '/bot-secret',
      '/hook-secret',
      '/url-secret',
    ]);
  });

  test('of its own errors it fails to tell without one: that would be the next alarm, for ever', async () => {
    receivers.answer = (_asked, response) => response.writeHead(500).end();
    vi.stubEnv('OWN_ALARM', alarm.AlarmName);
    await send().finally(() => vi.stubEnv('OWN_ALARM', undefined));
    expect(receivers.posts).toHaveLength(3);
  });

  test('names who was not reached, and no address, token or answer', async () => {
    const closed = new StandIn();
    await closed.start();
    const { url } = closed;
    await closed.stop();
    book = bookOf(url);
    receivers.answer = ({ path }, response) => {
      if (path === '/hook-secret') response.destroy();
      else response.writeHead(500).end('broken: bot-secret');
    };
    const error = await send().then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message.split('; ')).toEqual([
      expect.stringMatching(/^receiver chat was not reached: \w+$/),
      'receiver phone answered 500',
      'receiver pager was not reached: ECONNREFUSED',
    ]);
    expect(`${String(error?.stack)} ${JSON.stringify(error)}`).not.toMatch(/secret|127\.0\.0\.1/);
  });

  test('does not follow a receiver to another address', async () => {
    receivers.answer = ({ path }, response) => {
      if (path === '/elsewhere') response.end('ok');
      else response.writeHead(307, { location: '/elsewhere' }).end();
    };
    await expect(send()).rejects.toThrow('receiver pager answered 307');
    expect(receivers.posts.map(({ path }) => path)).not.toContain('/elsewhere');
  });

  test('fails when it cannot read its secret, and tells nobody of anything', async () => {
    secrets.answer = (_post, response) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
    };
    await expect(send()).rejects.toThrow();
    expect(receivers.posts).toEqual([]);
  });

  test('tells nobody of a topic that it does not know', async () => {
    await send(alarm, `${critical}-of-others`);
    expect(receivers.posts).toEqual([]);
  });
});

test('the function is one file that needs nothing but Node and the SDK of Lambda', () => {
  const needed = [
    ...standalone(entry, ['@aws-sdk/client-secrets-manager']).matchAll(/require\("([^"]+)"\)/g),
  ].map(([, name]) => name);
  expect(new Set(needed)).toEqual(new Set(['@aws-sdk/client-secrets-manager', 'node:crypto']));
});
