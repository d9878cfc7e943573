import { describe, expect, test } from 'vitest';
import { readBody } from '../../components/services/images/guard/body';
import { Refusal } from '../../components/services/images/guard/refusal';
import { processorMs } from '../support/cost';

const read = (text: string | Buffer): unknown => readBody(Buffer.from(text));

describe('the body of a GraphQL request', () => {
  test('is read as what is behind reads it', () => {
    expect(read('{"query":"{ a }"}')).toEqual({
      query: '{ a }',
      operationName: undefined,
      variables: {},
    });
    const whole =
      '{"query":"{ a }","operationName":"A","variables":{"n":1,"o":{"n":2}},"extensions":{}}';
    expect(read(whole)).toEqual({
      query: '{ a }',
      operationName: 'A',
      variables: { n: 1, o: { n: 2 } },
    });
    expect(
      read('{"query":"{ a }","operationName":null,"variables":null,"extensions":null}'),
    ).toEqual({ query: '{ a }', operationName: undefined, variables: {} });
  });

  test('may hold the same name in different objects, brackets in texts, and any letters', () => {
    const variables = { a: { x: 1 }, b: [{ x: 2 }, { x: '{"x":1,"x":2}[[["' }], 'ü"\\': '😀' };
    expect(read(JSON.stringify({ query: '{ a }', variables }))).toMatchObject({ variables });
  });

  test.each<[string, string | Buffer]>([
    ['is empty', ''],
    ['is no JSON', 'query=a'],
    ['is cut off', '{"query":"{ a }"'],
    ['has something behind it', '{"query":"{ a }"} x'],
    ['is text', '"{ a }"'],
    ['is null', 'null'],
    ['is a batch', '[{"query":"{ a }"}]'],
    ['is an empty batch', '[]'],
    [
      'has a byte order mark',
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"query":"{ a }"}')]),
    ],
    [
      'is not UTF-8',
      Buffer.concat([
        Buffer.from('{"query":"{ a }","variables":{"a":"'),
        Buffer.from([0xff]),
        Buffer.from('"}}'),
      ]),
    ],
    ['is UTF-16', Buffer.from('{"query":"{ a }"}', 'utf16le')],
    [
      'holds an overlong slash',
      Buffer.concat([Buffer.from('{"query":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    ['has no query', '{"variables":{}}'],
    ['has an empty query', '{"query":""}'],
    ['has a query that is no text', '{"query":{"a":1}}'],
    ['has a list of queries', '{"query":["{ a }"]}'],
    ['has two queries', '{"query":"{ a }","query":"{ b }"}'],
    ['has two queries, one spelt otherwise', '{"query":"{ a }","\\u0071uery":"{ b }"}'],
    ['has two queries with space between', '{"query" : "{ a }" , "query"\n:\t"{ b }"}'],
    ['has a variable twice', '{"query":"{ a }","variables":{"n":1,"n":1000}}'],
    ['has a name twice, deep within', '{"query":"{ a }","variables":{"a":[[{"x":1,"x":2}]]}}'],
    ['names an operation by a number', '{"query":"{ a }","operationName":1}'],
    ['has a list of variables', '{"query":"{ a }","variables":[]}'],
    ['has variables in a text', '{"query":"{ a }","variables":"{}"}'],
    ['has extensions in a list', '{"query":"{ a }","extensions":[]}'],
    ['is a persisted query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}'],
    ['is a persisted query with its text', '{"query":"{ a }","extensions":{"persistedQuery":{}}}'],
    ['is a document id', '{"documentId":"x"}'],
    ['is a document id beside a query', '{"query":"{ a }","documentId":"x"}'],
    ['has a member that sets a prototype', '{"query":"{ a }","__proto__":{}}'],
    ['nests deeply', `{"query":"{ a }","variables":{"a":${'['.repeat(63)}${']'.repeat(63)}}}`],
    [
      'nests very deeply',
      `{"query":"{ a }","variables":{"a":${'['.repeat(40_000)}${']'.repeat(40_000)}}}`,
    ],
  ])('is refused when it %s', (_what, body) => {
    expect(() => read(body)).toThrow(Refusal);
    expect(() => read(body)).toThrow(
      expect.objectContaining({ status: 400, reason: 'body_invalid' }) as Error,
    );
  });

  test('may nest up to the limit', () => {
    const body = `{"query":"{ a }","variables":{"a":${'['.repeat(62)}${']'.repeat(62)}}}`;
    expect(() => read(body)).not.toThrow();
  });

  test.each([
    [
      '1 MB of names',
      `{"query":"{ a }","variables":{${Array.from({ length: 80_000 }, (_, i) => `"n${i}":1`).join(',')}}}`,
    ],
    ['1 MB of quotes', `{"query":"{ a }","variables":{"a":"${'\\"'.repeat(500_000)}"}}`],
    ['1 MB of backslashes', `{"query":"{ a }","variables":{"a":"${'\\\\'.repeat(500_000)}"}}`],
    ['1 MB of space', `{"query":"{ a }"${' '.repeat(1_000_000)}}`],
    ['1 MB of texts', `{"query":"{ a }","variables":{"a":[${'"",'.repeat(330_000)}""]}}`],
    ['1 MB of brackets', `{"query":"{ a }","variables":{"a":${'['.repeat(1_000_000)}`],
    ['1 MB of empty lists', `{"query":"{ a }","variables":{"a":[${'[],'.repeat(330_000)}[]]}}`],
  ])('costs little to read: %s', (_what, body) => {
    const bytes = Buffer.from(body);
    const cost = processorMs(() => {
      try {
        readBody(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    });
    expect(cost).toBeLessThan(1000);
  });
});
