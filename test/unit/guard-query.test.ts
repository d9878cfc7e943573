import { describe, expect, test } from 'vitest';
import { examine } from '../../components/services/images/guard/query';
import { Refusal } from '../../components/services/images/guard/refusal';
import { processorMs } from '../support/cost';

const limits = {
  maxBodyBytes: 100_000,
  maxTokens: 4000,
  maxDepth: 12,
  maxCost: 50_000,
  listSize: 10,
  maxRootFields: 20,
  maxAliases: 30,
  maxDirectives: 30,
  introspection: false,
};

const none = { operationName: undefined, variables: {} };

function examined(
  query: string,
  variables: Record<string, unknown> = {},
  changes: Partial<typeof limits> = {},
): ReturnType<typeof examine> | string {
  try {
    return examine({ ...none, query, variables }, { ...limits, ...changes });
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

const reads = (cost: number) => ({ writes: false, subscribes: false, cost });

describe('what a query costs', () => {
  test.each<[string, string, number, Record<string, unknown>?]>([
    ['a field', '{ a }', 1],
    ['fields side by side', '{ a b c }', 3],
    ['a list of unknown length', '{ a { b } }', 11],
    ['a list that says how long it is', '{ a(first: 3) { b c } }', 7],
    ['the longer of two sizes', '{ a(first: 3, last: 5) { b } }', 6],
    ['a limit, as Hasura has it', '{ a(limit: 4) { b } }', 5],
    ['a list in a list', '{ a(first: 3) { b(first: 4) { c } } }', 1 + 3 * (1 + 4)],
    ['a size by a variable', 'query ($n: Int) { a(first: $n) { b } }', 8, { n: 7 }],
    ['a size by the default of a variable', 'query ($n: Int = 5) { a(first: $n) { b } }', 6],
    [
      'a variable instead of its default',
      'query ($n: Int = 5) { a(first: $n) { b } }',
      3,
      { n: 2 },
    ],
    [
      'null for a size: nothing is said',
      'query ($n: Int = 5) { a(first: $n) { b } }',
      11,
      { n: null },
    ],
    ['no variable: nothing is said', 'query ($n: Int) { a(first: $n) { b } }', 11],
    ['a size in a text', 'query ($n: Int) { a(first: $n) { b } }', 101, { n: '100' }],
    ['a text that is no number', 'query ($n: Int) { a(first: $n) { b } }', 11, { n: 'x' }],
    ['a size below one', '{ a(first: -5) { b } }', 2],
    ['a page with nodes', '{ as(first: 4) { nodes { b } totalCount } }', 1 + 4 * (1 + 1 + 1)],
    ['a page with edges', '{ as(first: 4) { edges { node { b } } } }', 1 + 4 * (1 + 1 + 1)],
    [
      'nodes in nodes, which are lists',
      '{ as(first: 1) { nodes { nodes { b } } } }',
      1 + (1 + (1 + 10)),
    ],
    [
      'nodes with a size of their own',
      '{ as(first: 2) { nodes(first: 5) { b } } }',
      1 + 2 * (1 + 5),
    ],
    [
      'a fragment, where it is spread',
      '{ a(first: 2) { ...F ...F } } fragment F on A { b c }',
      1 + 2 * 4,
    ],
    [
      'a page in a fragment',
      '{ as(first: 2) { ...F } } fragment F on As { nodes { b } }',
      1 + 2 * 2,
    ],
    ['an inline fragment', '{ a(first: 2) { ... on A { b } ... { c } } }', 1 + 2 * 2],
    ['what @skip leaves out', '{ a @skip(if: true) b }', 2],
    ['__typename', '{ __typename a { __typename } }', 1 + 11],
    ['the dearest of several operations', 'query A { a } query B { b c d }', 3],
  ])('%s', (_what, query, cost, variables) => {
    const operationName = query.includes('query A') ? 'A' : undefined;
    expect(examine({ query, operationName, variables: variables ?? {} }, limits)).toEqual(
      reads(cost),
    );
  });

  test('a mutation writes, and so does a document that holds one', () => {
    expect(examined('mutation { a }')).toEqual({ writes: true, subscribes: false, cost: 1 });
    const query = 'query A { a } mutation B { b }';
    expect(examine({ ...none, query, operationName: 'A' }, limits)).toEqual({
      writes: true,
      subscribes: false,
      cost: 1,
    });
    expect(examined('subscription { a }')).toEqual({ ...reads(1), subscribes: true });
  });

  test('fragments use the variables of the operation that spreads them', () => {
    const query = `query A($n: Int = 1) { ...F } query B($n: Int = 50) { ...F } fragment F on Q { a(first: $n) { b } }`;
    expect(examine({ ...none, query, operationName: 'A' }, limits)).toEqual(reads(51));
  });
});

const nest = (depth: number, open = '{a', close = '}'): string =>
  `${open.repeat(depth)}${close.repeat(depth)}`;

describe('what a query must not be', () => {
  test.each<[string, string, string]>([
    ['no query', '{', 'query_invalid'],
    ['nothing', ' ', 'query_invalid'],
    ['two operations and no name', 'query A { a } query B { b }', 'query_invalid'],
    ['two operations of one name', 'query A { a } query A { b }', 'query_invalid'],
    ['two without a name', '{ a } { b }', 'query_invalid'],
    ['fragments alone', 'fragment F on A { a }', 'query_invalid'],
    ['a type', '{ a } type A { a: Int }', 'query_invalid'],
    ['a fragment that is not there', '{ ...F }', 'query_invalid'],
    ['a fragment twice', '{ ...F } fragment F on A { a } fragment F on A { b }', 'query_invalid'],
    ['a fragment that spreads itself', '{ ...F } fragment F on A { ...F }', 'query_invalid'],
    [
      'fragments in a ring',
      '{ ...F } fragment F on A { a { ...G } } fragment G on A { b { ...F } }',
      'query_invalid',
    ],
    [
      'a ring that nothing spreads',
      '{ a } fragment F on A { ...G } fragment G on A { ...F }',
      'query_invalid',
    ],
    ['depth', nest(13), 'query_too_deep'],
    [
      'depth by fragments',
      `{a{a{a{a{...F}}}}} fragment F on A {a{a{a{a{...G}}}}} fragment G on A {a{a{a{a{a}}}}}`,
      'query_too_deep',
    ],
    [
      'depth by inline fragments',
      `{a{a{a{a{a{a{a{a{a{a{a{... on A {... {a{b}}}}}}}}}}}}}}}`,
      'query_too_deep',
    ],
    ['a long list', '{ a(first: 50001) { b } }', 'query_too_costly'],
    ['a list longer than numbers', `{ a(first: 1${'0'.repeat(400)}) { b } }`, 'query_too_costly'],
    [
      'lists in lists',
      '{ a(first: 100) { b(first: 100) { c(first: 100) { d } } } }',
      'query_too_costly',
    ],
    ['lists that say nothing', '{ a { b { c { d { e { f } } } } } }', 'query_too_costly'],
    ['a long list behind an alias', '{ few: a(first: 50001) { b } }', 'query_too_costly'],
    [
      'a dear operation beside a cheap one',
      'query A { a } query B { a(first: 50001) { b } }',
      'query_too_costly',
    ],
    [
      'aliases',
      `{ ${Array.from({ length: 31 }, (_, i) => `a { x${i}: b }`).join(' ')} }`,
      'query_too_wide',
    ],
    [
      'fields at the top',
      `{ ${Array.from({ length: 21 }, (_, i) => `a${i}`).join(' ')} }`,
      'query_too_wide',
    ],
    [
      'fields at the top by a fragment',
      `{ ...F ...F ...F } fragment F on Q { a b c d e f g }`,
      'query_too_wide',
    ],
    ['directives', `{ a ${'@d '.repeat(31)} }`, 'query_too_wide'],
    ['directives of the operation', `query ${'@d '.repeat(31)} { a }`, 'query_too_wide'],
    ['tokens', `{ ${'a '.repeat(4000)} }`, 'query_too_long'],
    ['a description of the API', '{ __schema { types { name } } }', 'introspection_off'],
    ['a description by an alias', '{ x: __type(name: "A") { name } }', 'introspection_off'],
    [
      'a description in a fragment',
      '{ ...F } fragment F on Query { __schema { types { name } } }',
      'introspection_off',
    ],
    [
      'a description in a fragment that nothing spreads',
      '{ a } fragment F on Query { __schema { a } }',
      'introspection_off',
    ],
  ])('%s', (_what, query, reason) => {
    const name = query.startsWith('query A') && reason !== 'query_invalid' ? 'A' : undefined;
    const attempt = (): unknown => examine({ ...none, query, operationName: name }, limits);
    expect(attempt).toThrow(Refusal);
    expect(attempt).toThrow(expect.objectContaining({ reason }) as Error);
  });

  test.each(['B', ''])('an operation of another name: "%s"', (operationName) => {
    expect(() => examine({ ...none, query: 'query A { a }', operationName }, limits)).toThrow(
      /no operation of the name/,
    );
  });

  test('is told apart from what is just within each limit', () => {
    expect(examined(`${'{a(first: 1)'.repeat(11)}{a}${'}'.repeat(11)}`)).toEqual(reads(12));
    expect(examined('{ a(first: 49999) { b } }')).toEqual(reads(50_000));
    expect(
      examined(
        `{ ${Array.from({ length: 30 }, (_, i) => `x${i}: b`).join(' ')} }`,
        {},
        { maxRootFields: 30 },
      ),
    ).toEqual(reads(30));
    expect(examined(`{ ${Array.from({ length: 20 }, (_, i) => `a${i}`).join(' ')} }`)).toEqual(
      reads(20),
    );
    expect(examined(`{ a ${'@d '.repeat(30)} }`)).toEqual(reads(1));
  });

  test('may describe the API in development, whose own depth is not counted', () => {
    const query = `{ __schema ${nest(30, '{ofType', '}').replace('{ofType', '{types')} }`;
    expect(examined(query)).toBe('introspection_off');
    expect(examined(query, {}, { introspection: true })).toEqual(reads(1));
  });
});

describe('a hostile query costs little', () => {
  const doubling = Array.from(
    { length: 200 },
    (_, i) => `fragment F${i} on A { ...F${i + 1} ...F${i + 1} }`,
  ).join(' ');
  const cases: [string, string][] = [
    [
      'fragments that double 200 times',
      `{ a(first: 1) { ...F0 } } ${doubling} fragment F200 on A { b }`,
    ],
    ['1 MB of braces', nest(250_000)],
    ['1 MB of brackets in a value', `{ a(x: ${'['.repeat(900_000)}) }`],
    ['1 MB of fields', `{ ${'abc '.repeat(250_000)} }`],
    ['1 MB of text', `{ a(x: "${'x'.repeat(1_000_000)}") }`],
    ['1 MB of comments', `{ a ${'#\n'.repeat(500_000)} }`],
    [
      'a chain of fragments',
      `{ ...F0 } ${Array.from({ length: 600 }, (_, i) => `fragment F${i} on A { ...F${i + 1} }`).join(' ')} fragment F600 on A { b }`,
    ],
    ['inline fragments in each other', `{ ${'... {'.repeat(1300)} a ${'}'.repeat(1300)} }`],
  ];

  test.each(cases)('%s', (_what, query) => {
    // Each takes some milliseconds; without its fence each takes seconds, or for ever.
    expect(processorMs(() => examined(query))).toBeLessThan(1000);
  });

  test('values nested deeper than a stack holds are refused, not thrown at somebody', () => {
    const query = `{ a(x: ${'['.repeat(40_000)}${']'.repeat(40_000)}) }`;
    expect(examined(query, {}, { maxTokens: 100_000 })).toMatch(/^query_too_deep$/);
  });
});
