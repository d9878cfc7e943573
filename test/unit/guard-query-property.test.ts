import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { examine } from '../../components/services/images/guard/query';
import { seed } from '../support/random';

const open = {
  maxBodyBytes: 1e9,
  maxTokens: 1e6,
  maxDepth: 1e9,
  maxCost: Infinity,
  listSize: 10,
  maxRootFields: 1e9,
  maxAliases: 1e9,
  maxDirectives: 1e9,
  introspection: false,
};

const none = { operationName: undefined, variables: {} };

/** A query as data, for a reference that spreads everything out. */
interface Field {
  readonly name: string;
  readonly size: number | undefined;
  readonly alias: boolean;
  readonly fields: readonly Node[];
}
type Node =
  { readonly field: Field } | { readonly spread: number } | { readonly inline: readonly Node[] };

const size = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });

/** Nodes that nest at most `n` levels. */
const node: (n?: number) => fc.Arbitrary<Node> = fc.memo((n) => {
  const field = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    size,
    alias: fc.boolean(),
    fields: n <= 1 ? fc.constant([]) : fc.array(node(), { maxLength: 3 }),
  });
  const spread = fc.nat(2).map((one) => ({ spread: one }));
  const fields = field.map((one) => ({ field: one }));
  if (n <= 1) return fc.oneof(fields, spread);
  const inline = fc.array(node(), { minLength: 1, maxLength: 2 }).map((one) => ({ inline: one }));
  return fc.oneof(fields, fields, spread, inline);
});

const leaf: Node = { field: { name: 'z', size: undefined, alias: false, fields: [] } };
const set = fc.array(node(4), { minLength: 1, maxLength: 3 });
/** A fragment spreads only later ones, so there is no ring. */
const document = fc.record({ query: set, fragments: fc.tuple(set, set, set) });

type Document = typeof document extends fc.Arbitrary<infer T> ? T : never;

function clean(nodes: readonly Node[], from: number): Node[] {
  return nodes.map((one) => {
    if ('spread' in one) return one.spread < from ? leaf : one;
    if ('inline' in one) return { inline: clean(one.inline, from) };
    return { field: { ...one.field, fields: clean(one.field.fields, from) } };
  });
}

function acyclic({ query, fragments }: Document): Document {
  const [a, b, c] = fragments;
  return { query, fragments: [clean(a, 1), clean(b, 2), clean(c, 3)] };
}

function text(nodes: readonly Node[]): string {
  const one = (given: Node): string => {
    if ('spread' in given) return `...F${given.spread}`;
    if ('inline' in given) return `... ${text(given.inline)}`;
    const { name, size, alias, fields } = given.field;
    const size_ = size === undefined ? '' : `(first: ${size})`;
    return `${alias ? 'x: ' : ''}${name}${size_}${fields.length > 0 ? ` ${text(fields)}` : ''}`;
  };
  return `{ ${nodes.map(one).join(' ')} }`;
}

const print = ({ query, fragments }: Document): string =>
  `${text(query)} ${fragments.map((one, i) => `fragment F${i} on A ${text(one)}`).join(' ')}`;

/** Spreads everything out and adds up: slow, and plain to read. */
function reference(
  nodes: readonly Node[],
  fragments: Document['fragments'],
): { depth: number; cost: number } {
  let [depth, cost] = [0, 0];
  for (const given of nodes) {
    let inner: { depth: number; cost: number };
    if ('spread' in given) inner = reference(fragments[given.spread] ?? [], fragments);
    else if ('inline' in given) inner = reference(given.inline, fragments);
    else {
      const inside = reference(given.field.fields, fragments);
      inner = { depth: 1 + inside.depth, cost: 1 + (given.field.size ?? 10) * inside.cost };
    }
    depth = Math.max(depth, inner.depth);
    cost += inner.cost;
  }
  return { depth, cost };
}

describe(`any query (seed ${seed})`, () => {
  test('costs what a naive count of it spread out says, and is as deep', () => {
    fc.assert(
      fc.property(document.map(acyclic), (given) => {
        const { depth, cost } = reference(given.query, given.fragments);
        const query = print(given);
        const within = { writes: false, subscribes: false, cost };
        expect(examine({ ...none, query }, { ...open, maxDepth: depth })).toEqual(within);
        expect(() => examine({ ...none, query }, { ...open, maxDepth: depth - 1 })).toThrow(
          /levels of fields/,
        );
      }),
      { seed, numRuns: 500 },
    );
  });

  test('costs more with a field more, and no less with a longer list', () => {
    const costOf = (given: Document): number =>
      examine({ ...none, query: print(given) }, open).cost;
    const longer = (nodes: readonly Node[]): Node[] =>
      nodes.map((one) => {
        if ('spread' in one) return one;
        if ('inline' in one) return { inline: longer(one.inline) };
        const { size, fields } = one.field;
        return { field: { ...one.field, size: (size ?? 10) + 1, fields: longer(fields) } };
      });
    fc.assert(
      fc.property(document.map(acyclic), size, (given, more) => {
        const cost = costOf(given);
        const extra: Node = { field: { name: 'd', size: more, alias: false, fields: [] } };
        expect(costOf({ ...given, query: [...given.query, extra] })).toBe(cost + 1);
        expect(costOf({ ...given, query: longer(given.query) })).toBeGreaterThanOrEqual(cost);
      }),
      { seed, numRuns: 300 },
    );
  });
});
