import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ask, check, send } from '../support/guard/ask';
import { healthy, type GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { GuardWorld } from '../support/guard/world';
import { seed } from '../support/random';

const title = `anything that is sent to the guard (seed ${seed}${noRedis ? `; skipped: ${noRedis}` : ''})`;

/** Header values as HTTP allows them: visible letters, spaces, and bytes above ASCII. */
const headerValue = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 300,
  })
  .map((codes) => String.fromCharCode(...codes));

const piece = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '"query"',
  '"{ a }"',
  '"variables"',
  '\\',
  '\\u0071',
  'null',
  '1e999',
  '\ufeff',
  '\0',
  '"__proto__"',
  '{"query":"{ a }"}',
  'mutation',
  '...',
  '@',
  '$',
  '\ud800',
  ' ',
);

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: GuardWorld;
  let guard: GuardProcess;

  beforeAll(async () => {
    world = await GuardWorld.start();
    guard = await world.guard();
  });
  afterAll(() => world.stop());
  afterEach(async () => {
    world.upstream.reset();
    expect(guard.child.exitCode).toBeNull();
    await healthy(guard);
    // A mistake of ours is told apart from a refusal in the log.
    expect(guard.log()).not.toContain('"internal_error"');
  });

  test('as a body is refused, unless it is a query; what is passed on is what was sent', async () => {
    const token = world.bearer(world.people.ann);
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(''))),
      fc.json().map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme' }).map((query) => Buffer.from(JSON.stringify({ query }))),
      fc
        .array(piece, { maxLength: 12 })
        .map((pieces) => Buffer.from(JSON.stringify({ query: pieces.join(' ') }))),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        world.upstream.received.length = 0;
        const { status } = await send(guard.port, body, token);
        expect([200, 400, 403]).toContain(status);
        expect(world.upstream.received.map((one) => one.body)).toEqual(
          status === 200 ? [body.toString()] : [],
        );
      }),
      { seed, numRuns: 600, examples: [[Buffer.from('{"query":"{ a }"}')]] },
    );
  });

  test('as headers lets nobody in, whatever stands in them', async () => {
    const names = [
      'authorization',
      'x-api-key',
      'x-tenant',
      'x-tenant-host',
      'x-tenant-path',
      'x-real-ip',
      'x-original-uri',
      'x-original-host',
      'x-original-method',
      'x-request-id',
    ] as const;
    const some = fc.record(Object.fromEntries(names.map((name) => [name, headerValue])), {
      requiredKeys: [],
    });
    await fc.assert(
      fc.asyncProperty(some, async (headers) => {
        const { status } = await check(guard.port, headers);
        expect([401, 403]).toContain(status);
      }),
      { seed, numRuns: 400 },
    );
  });

  test('as a scope or a path opens nothing that is not the key’s', async () => {
    const key = await world.key(world.people.ann, { scopes: ['storage:read'] });
    const segment = fc.constantFrom(
      'storage',
      'functions',
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '%5c',
      '\\',
      '',
      'a',
      '%',
      '%00',
      '%zz',
      ';',
      '?',
      '#',
      'STORAGE',
      't',
      'acme',
    );
    const uris = fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`);
    await fc.assert(
      fc.asyncProperty(uris, fc.constantFrom('', 'acme'), async (uri, tenant) => {
        const { status } = await check(guard.port, {
          'x-api-key': key.text,
          'x-original-uri': uri,
          'x-tenant-path': tenant,
        });
        if (status !== 204) return;
        // What nginx makes of the path, in other words than the guard's.
        const path = new URL(uri.replaceAll('#', '?'), 'http://h').pathname.replace(/\/{2,}/g, '/');
        expect(tenant === '' ? path : path.replace('/t/acme/', '/')).toMatch(/^\/storage\//);
      }),
      {
        seed,
        numRuns: 500,
        examples: [
          ['/storage/a', ''],
          ['/t/acme/storage/a', 'acme'],
        ],
      },
    );
  });

  test('as raw bytes ends that connection and no other', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((one) => Buffer.from(one)),
      fc
        .array(
          fc.constantFrom(
            'GET ',
            'POST ',
            '/check',
            '/graphql',
            ' HTTP/1.1\r\n',
            'Host: a\r\n',
            'Content-Length: 5\r\n',
            'Content-Length: -1\r\n',
            'Transfer-Encoding: chunked\r\n',
            'Transfer-Encoding: x\r\n',
            '\r\n',
            '\n',
            '5\r\nhello\r\n',
            '0\r\n\r\n',
            '\0',
            'Authorization: Bearer a\r\n',
            ': \r\n',
          ),
          { maxLength: 14 },
        )
        .map((one) => Buffer.from(one.join(''), 'latin1')),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const answer = await new Promise<string>((resolve) => {
          const socket = connect(guard.port, '127.0.0.1');
          let text = '';
          socket.on('data', (chunk) => (text += chunk.toString('latin1')));
          socket.on('error', () => undefined);
          socket.on('close', () => {
            resolve(text);
          });
          socket.end(sent);
        });
        expect(answer).not.toMatch(/HTTP\/1\.1 (?:2|5)/);
      }),
      { seed, numRuns: 300 },
    );
    expect(world.upstream.received).toEqual([]);
  });

  test('as headers without end, or as many, is refused before it is read', async () => {
    const long = await ask(guard.port, '/check', {
      headers: { authorization: `Bearer ${'a'.repeat(100_000)}` },
    }).catch(() => ({ status: 0 }));
    expect([0, 431]).toContain(long.status);
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x-${i}`, 'a']));
    const answer = await ask(guard.port, '/check', { headers: many }).catch(() => ({ status: 0 }));
    expect([0, 401, 431]).toContain(answer.status);
  });
});
