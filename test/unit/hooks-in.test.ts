import { request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Deployments } from '../../engine/hooks/deployments';
import { listener } from '../../engine/hooks/listener';
import { sign, signingKey } from '../../engine/hooks/signature';

const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') ?? Buffer.alloc(0);
const start = Date.UTC(2026, 10, 22, 6);
const minute = 60_000;

/** A listener whose clock and deployments are the test's. */
function listening() {
  const said: unknown[] = [];
  const state = { now: start, runs: 0, most: 0, active: 0 };
  const ends: (() => void)[] = [];
  const deployments = new Deployments(async () => {
    state.runs += 1;
    state.active += 1;
    state.most = Math.max(state.most, state.active);
    await new Promise<void>((resolve) => ends.push(resolve));
    state.active -= 1;
  });
  const app = listener({
    key,
    deployments,
    now: () => state.now,
    log: (...line) => said.push(line),
  });
  const call = (headers: Record<string, string>, payload = '{}') =>
    app.inject({ method: 'POST', url: '/deploy', headers, payload });
  return { app, call, said, state, ends, deployments };
}

let open: ReturnType<typeof listening>;
afterEach(() => open.app.close());

describe('a call', () => {
  test('that is signed is taken at once', async () => {
    open = listening();
    const answer = await open.call(sign(key, 'a', '{}', start));
    expect([answer.statusCode, answer.json()]).toEqual([202, { state: 'started' }]);
    expect(open.state.runs).toBe(1);
  });

  test.each([
    ['without headers', {}],
    ['of another key', sign(Buffer.alloc(32), 'a', '{}', start)],
    ['for another body', sign(key, 'a', '{"ref":"other"}', start)],
    ['with another id', { ...sign(key, 'a', '{}', start), 'webhook-id': 'b' }],
    [
      'with a later timestamp',
      { ...sign(key, 'a', '{}', start), 'webhook-timestamp': '9999999999' },
    ],
    ['with an empty signature', { ...sign(key, 'a', '{}', start), 'webhook-signature': 'v1,' }],
    ['with a part of the signature', cut(sign(key, 'a', '{}', start))],
    ['of another version', versioned(sign(key, 'a', '{}', start))],
    ['with a timestamp in the id', sign(key, 'a.1764000000', '{}', start)],
    ['from 5 minutes and a second ago', sign(key, 'a', '{}', start - 5 * minute - 1000)],
    ['from 5 minutes and a second ahead', sign(key, 'a', '{}', start + 5 * minute + 1000)],
    ['from before the listener began', sign(key, 'a', '{}', start - 1000)],
  ])('%s is refused and starts nothing', async (_what, headers: Record<string, string>) => {
    open = listening();
    const answer = await open.call(headers);
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
      401,
      'not_signed',
    ]);
    expect(open.state.runs).toBe(0);
    expect(open.said).toHaveLength(1);
  });

  test('is taken from 5 minutes ago, with one of several signatures', async () => {
    open = listening();
    open.state.now = start + 5 * minute;
    const headers = sign(key, 'a', '{}', start);
    headers['webhook-signature'] = `v1,AAAA v1a,BBBB ${headers['webhook-signature'] ?? ''}`;
    expect((await open.call(headers)).statusCode).toBe(202);
  });

  test('is taken once: again, or signed anew with its id, it is refused as long as it could be believed', async () => {
    open = listening();
    const headers = sign(key, 'a', '{}', start + 5 * minute);
    expect((await open.call(headers)).statusCode).toBe(202);
    expect((await open.call(headers)).statusCode).toBe(409);
    open.state.now = start + 10 * minute;
    expect((await open.call(headers)).statusCode).toBe(409);
    expect((await open.call(sign(key, 'a', '{}', open.state.now))).statusCode).toBe(409);
    open.state.now += 1000;
    expect((await open.call(headers)).statusCode).toBe(401);
    expect(open.state.runs).toBe(1);
  });

  test('of many ids does not fill the memory', async () => {
    open = listening();
    for (let id = 0; id < 10_000; id += 1) await open.call(sign(key, String(id), '{}', start));
    const full = await open.call(sign(key, 'more', '{}', start));
    expect(full.statusCode).toBe(429);
    open.state.now = start + 10 * minute + 1;
    expect((await open.call(sign(key, 'more', '{}', open.state.now))).statusCode).toBe(202);
  });

  test.each([
    ['GET', '/deploy'],
    ['POST', '/'],
    ['POST', '/deploy/../etc'],
  ] as const)('by %s %s finds nothing', async (method, url) => {
    open = listening();
    expect((await open.app.inject({ method, url })).statusCode).toBe(404);
    expect(open.state.runs).toBe(0);
  });
});

test('a huge body is refused before it is read', async () => {
  open = listening();
  const body = 'x'.repeat(65 * 1024);
  const answer = await open.call(sign(key, 'a', body, start), body);
  expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([413, 'too_large']);
  expect(open.state.runs).toBe(0);
});

test('a body without an announced end is cut off', async () => {
  open = listening();
  await open.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = open.app.server.address() as AddressInfo;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const call = ask({ port, host: '127.0.0.1', path: '/deploy', method: 'POST' }, (answer) => {
      resolve(answer.statusCode);
      call.destroy();
    });
    call.on('error', reject);
    const more = (): void => {
      if (!call.destroyed) call.write('x'.repeat(16 * 1024), () => setImmediate(more));
    };
    more();
  });
  expect(status).toBe(413);
  expect(open.state.runs).toBe(0);
});

describe('two at once', () => {
  const later = () => new Promise((resolve) => setImmediate(resolve));

  test('run one after the other, and a third goes with the second', async () => {
    open = listening();
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => open.call(sign(key, id, '{}', start))),
    );
    expect(answers.map((answer) => answer.json<{ state: string }>().state)).toEqual([
      'started',
      'waiting',
      'joined',
      'joined',
    ]);
    expect(open.state).toMatchObject({ runs: 1, active: 1 });
    open.ends.shift()?.();
    await later();
    expect(open.state).toMatchObject({ runs: 2, active: 1 });
    open.ends.shift()?.();
    await later();
    expect(open.state).toMatchObject({ runs: 2, active: 0, most: 1 });
    expect((await open.call(sign(key, 'e', '{}', start))).json()).toEqual({ state: 'started' });
  });

  test('and an end: what runs ends, what waits never begins', async () => {
    open = listening();
    await open.call(sign(key, 'a', '{}', start));
    await open.call(sign(key, 'b', '{}', start));
    const closed = open.deployments.close();
    open.ends.shift()?.();
    await closed;
    expect(open.state).toMatchObject({ runs: 1, active: 0 });
  });
});

test('nothing of a call but its id is logged', async () => {
  open = listening();
  await open.call(sign(key, 'a', '{"password":"hunter2"}', start), '{"password":"hunter2"}');
  await open.call({ 'webhook-signature': 'v1,c2VjcmV0' }, '{"password":"hunter2"}');
  expect(open.said).toHaveLength(2);
  expect(JSON.stringify(open.said)).not.toMatch(/hunter2|c2VjcmV0|MfKQ9r8G/);
});

function cut(headers: Record<string, string>): Record<string, string> {
  return { ...headers, 'webhook-signature': (headers['webhook-signature'] ?? '').slice(0, 20) };
}

function versioned(headers: Record<string, string>): Record<string, string> {
  return {
    ...headers,
    'webhook-signature': (headers['webhook-signature'] ?? '').replace('v1,', 'v2,'),
  };
}
