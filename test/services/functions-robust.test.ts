import { connect } from 'node:net';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaksIn } from '../support/secrets';
import { Platform, type Started } from './functions/platform';

let platform: Platform;
let http: Started;
let admin: Client;

beforeAll(async () => {
  platform = await Platform.start();
  admin = await platform.server.connect('postgres', 'platform');
  http = await platform.run('functions', { environment: { TIMEOUT_SECONDS: '1' } });
});

afterAll(() => platform.stop());

/** Calls a function as ann. */
function call(name: string, body?: unknown, base = http.url): Promise<Response> {
  return fetch(`${base}/functions/${name}`, {
    headers: platform.bearer(platform.world.ann),
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
}

describe('one call does not take down others', () => {
  test('by a rejection that nobody handles', async () => {
    expect(await (await call('stray')).text()).toBe('answered');
    await http.line(/rejection to nobody/);
    expect((await call('who')).status).toBe(200);
  });

  test('by an error that nobody catches: what runs is finished, then the process ends', async () => {
    const environment = { TIMEOUT_SECONDS: '2' };
    const other = await platform.run('functions', { only: ['crash', 'write'], environment });
    const slow = call('write', { name: 'running', then: 'hang' }, other.url);
    await somebodyWrites();
    await call('crash', undefined, other.url);
    expect((await slow).status).toBe(504);
    expect((await other.ended).code).toBe(1);
  });

  test('by a loop without end: the process is ended, to be started again', async () => {
    const other = await platform.run('functions', {
      only: ['busy'],
      environment: { TIMEOUT_SECONDS: '1' },
    });
    await call('busy', undefined, other.url).catch(() => undefined);
    await other.ended;
    expect(other.child.signalCode).toBe('SIGKILL');
    await other.line(/kept the process busy/);
  });
});

describe('hostile requests', () => {
  test.each([
    ['a body that is too long', { 'content-length': '1048577' }, 'POST /functions/hook', 413],
    ['a long body in pieces', { 'transfer-encoding': 'chunked' }, 'POST /functions/hook', 413],
    ['a method that no function can see', {}, 'TRACE /functions/hook', 400],
    ['a path of another host', {}, 'GET http://elsewhere/functions/hook', 400],
    ['a path that climbs out', {}, 'GET /functions/../../etc/passwd', 401],
    ['a coded path that climbs out', {}, 'GET /functions/%2e%2e/hook', 401],
    ['a name of JavaScript’s own', {}, 'GET /functions/__proto__', 401],
    ['a path that cannot be decoded', {}, 'GET /functions/%ff%', 401],
    ['metrics by another path', {}, 'GET /functions/../metrics', 401],
  ])('%s', async (_name, headers, line, status) => {
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const body = 'transfer-encoding' in headers ? chunk.repeat(40) : '';
    expect(await raw(line, headers, body)).toBe(status);
    expect((await call('who')).status).toBe(200);
  });

  /** The status that a request gets which `fetch` would not send. */
  function raw(line: string, headers: Record<string, string>, body: string): Promise<number> {
    const { hostname, port } = new URL(http.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      const text = Object.entries({ host: 'x', ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.on('error', () => undefined);
      socket.once('data', (data: Buffer) => {
        resolve(Number(data.toString().split(' ')[1]));
        socket.destroy();
      });
      socket.once('close', () => {
        reject(new Error('closed without an answer'));
      });
      socket.write(`${line} HTTP/1.1\r\n${text.join('')}\r\n${body}`);
    });
  }
});

test('health and figures are told, and no log line holds a secret', async () => {
  await call('write', { name: 'late', then: 'hang' });
  expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
  const figures = await (await fetch(`${http.url}/metrics`)).text();
  expect(figures).toContain('strata_function_runs_total{function="who",kind="http",result="ok"}');
  expect(figures).toContain(
    'strata_function_runs_total{function="write",kind="http",result="timeout"}',
  );
  const { authorization = '' } = platform.bearer(platform.world.ann);
  const secrets = { ...platform.secrets(), token: authorization.split('.')[1] ?? '' };
  expect(leaksIn(secrets, [['log', http.lines.join('\n')]])).toEqual([]);
  expect(http.lines.filter((line) => !line.startsWith('{'))).toEqual([]);
});

test('a stopped process finishes what it is doing', async () => {
  const other = await platform.run('functions', {
    only: ['write'],
    environment: { TIMEOUT_SECONDS: '2' },
  });
  const answer = call('write', { name: 'stopping', then: 'hang' }, other.url);
  await somebodyWrites();
  other.child.kill('SIGTERM');
  await expect(answer).resolves.toMatchObject({ status: 504 });
  expect((await other.ended).code).toBe(0);
});

/** Resolves when a function is in the middle of a transaction. */
async function somebodyWrites(): Promise<void> {
  for (;;) {
    const { rowCount } = await admin.query(
      "select from pg_stat_activity where usename = 'strata_app' and state = 'idle in transaction'",
    );
    if (rowCount !== 0) return;
  }
}
