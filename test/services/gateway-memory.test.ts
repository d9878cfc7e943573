import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, code } from '../support/gateway/client';
import { noNginx } from '../support/gateway/nginx';
import { admit, startWorld, type World } from '../support/gateway/world';

const title = noNginx ? `the gateway's memory (skipped: ${noNginx})` : "the gateway's memory";
const film = Buffer.alloc(20 * 2 ** 20, 'x');

/** Its scratch folder counts as memory: what stands there is what an attacker has filled. */
describe.skipIf(noNginx !== undefined)(title, () => {
  let world: World;
  /** Bytes that the service was made to answer with. */
  let served: number;
  beforeAll(async () => {
    world = await startWorld({ limits: { perSecond: 1000, burst: 1000, connections: 200 } });
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.app.answer = undefined;
    world.app.asked.length = 0;
    world.guard.asked.length = 0;
    world.guard.answer = (_, response) => admit(response);
  });

  /** What stands in the scratch folder, files that are open but have no name any more too. */
  const kibibytes = () =>
    Number(/^\d+/.exec(execFileSync('du', ['-sk', world.gateway.layout.scratch]).toString())?.[0]);

  /** As the storage serves a film of 20 MB: whole, or the part that is asked for. */
  const serveFilm = (withLength = true) => {
    served = 0;
    world.app.answer = ({ headers: { range } }, response) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      const part = first === undefined ? film : film.subarray(Number(first), Number(last) + 1);
      served += part.length;
      response.writeHead(first === undefined ? 200 : 206, {
        ...(withLength && { 'content-length': part.length }),
        ...(first !== undefined && { 'content-range': `bytes ${first}-${last}/${film.length}` }),
      });
      response.end(part);
    };
  };

  /** A connection on which this has been sent. */
  const open = async (text: string, servername = 'api.example.org') => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: world.gateway.https,
      servername,
      rejectUnauthorized: false,
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    await new Promise((resolve) => socket.write(text, resolve));
    return socket;
  };

  it.each<[string, string, string, Record<string, string>]>([
    ['a public file', 'cdn.example.org', '/acme/film', {}],
    ['a cached route', 'api.example.org', '/cached/film', {}],
    ['a cached route with a cookie', 'api.example.org', '/cached/film', { cookie: 'a=1' }],
  ])('is not filled by a byte of many large answers: %s', async (_, host, path, headers) => {
    serveFilm();
    const before = kibibytes();
    let most = 0;
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_each, index) => {
        const { status, body } = await ask(world.gateway, `${path}?q=${index}`, {
          host,
          headers: { ...headers, range: 'bytes=0-0' },
        });
        most = Math.max(most, kibibytes());
        return [status, body];
      }),
    );
    expect(answers).toEqual(answers.map(() => [206, 'x']));
    expect(most - before).toBeLessThan(1024);
    // The service is not made to send more than was asked for.
    expect(served).toBe(40);
  });

  it.each([
    ['that say their length', true],
    ['that do not say their length', false],
  ])('is not filled by slow readers of large answers %s', async (_, withLength) => {
    serveFilm(withLength);
    const before = kibibytes();
    const sockets = await Promise.all(
      Array.from({ length: 10 }, (_each, index) =>
        open(`GET /cached/slow?q=${index} HTTP/1.1\r\nHost: api.example.org\r\n\r\n`),
      ),
    );
    await Promise.all(
      sockets.map(async (socket) => {
        await once(socket, 'data');
        socket.pause();
      }),
    );
    // What comes after them is answered whole, so nginx has had the time to fetch what it would fetch.
    expect((await ask(world.gateway, '/cached/whole')).body).toHaveLength(film.length);
    const found = kibibytes() - before;
    sockets.forEach((socket) => socket.destroy());
    expect(found).toBeLessThan(1024);
  });

  it('is not filled by queries of one small public file: one answer is kept for all', async () => {
    world.app.answer = (_, response) => response.end('y'.repeat(90_000));
    const before = kibibytes();
    for (let each = 0; each < 20; each += 1) {
      const path = each % 2 === 0 ? `/acme/small?q=${each}` : `/acme/sm%61ll?q=${each}`;
      expect((await ask(world.gateway, path, { host: 'cdn.example.org' })).status).toBe(200);
    }
    expect(world.app.asked.map(({ url }) => url)).toEqual(['/cdn/acme/small']);
    expect(kibibytes() - before).toBeLessThan(200);
  });

  it('serves parts of what it keeps', async () => {
    world.app.answer = (_, response) =>
      response.setHeader('accept-ranges', 'bytes').end('0123456789');
    const part = async (headers: Record<string, string> = {}) => {
      const host = 'cdn.example.org';
      const { status, body } = await ask(world.gateway, '/acme/parts', { host, headers });
      return [status, body];
    };
    expect(await part()).toEqual([200, '0123456789']);
    expect(await part({ range: 'bytes=2-4' })).toEqual([206, '234']);
    expect(world.app.asked).toHaveLength(1);
  });

  it('is not filled by bodies that are held back: what is refused is refused unread', async () => {
    const before = kibibytes();
    const status = async (path: string, length: number, host = 'api.example.org') => {
      const lines = [`POST ${path} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${length}`, '', ''];
      const socket = await open(lines.join('\r\n'), host);
      const [data] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return data.toString().slice(9, 12);
    };
    expect(await status('/graphql', 100_001)).toBe('413');
    expect(await status('/acme/film', 1025, 'cdn.example.org')).toBe('413');
    // The guard is asked before the body is read.
    world.guard.answer = (_, response) =>
      response.writeHead(401, { 'x-strata-status': '401' }).end();
    expect(await status('/storage/a', 60_000)).toBe('401');
    expect([world.guard.asked.length, world.app.asked]).toEqual([1, []]);
    expect(kibibytes() - before).toBeLessThan(64);
  });

  it('holds queries in memory, up to what the guard reads', async () => {
    const before = kibibytes();
    const lines = ['POST /graphql HTTP/1.1', 'Host: api.example.org', 'Content-Length: 100000', ''];
    const text = `${lines.join('\r\n')}\r\n${'z'.repeat(99_999)}`;
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open(text)));
    const send = (length: number, headers: Record<string, string> = {}) =>
      ask(world.gateway, '/graphql', { method: 'POST', headers, body: 'z'.repeat(length) });
    const whole = await send(100_000);
    expect([whole.status, world.guard.asked.at(-1)?.body.length]).toEqual([204, 100_000]);
    expect(kibibytes() - before).toBeLessThan(64);
    sockets.forEach((socket) => socket.destroy());
    const refused = await send(100_001, { 'transfer-encoding': 'chunked' });
    expect([refused.status, code(refused)]).toEqual([413, 'graphql:body_too_large']);
  });

  it('ends bodies that do not come', async () => {
    const started = Date.now();
    const socket = await open(
      'POST /graphql HTTP/1.1\r\nHost: api.example.org\r\nContent-Length: 1000\r\n\r\n',
    );
    socket.resume();
    await once(socket, 'close');
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});
