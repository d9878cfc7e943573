import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import type { GraphqlRequest } from './body';
import type { QueryLimits } from './config';
import { invalid, Measure } from './measure';
import { Refusal, type Reason } from './refusal';

/** What the guard has to know of a request before it passes it on. */
export interface Examined {
  /** It may change something: an operation of the document is a mutation. */
  readonly writes: boolean;
  /** It answers until it is ended: an operation of the document is a subscription. */
  readonly subscribes: boolean;
  readonly cost: number;
}

/**
 * Parses a query and holds it against the limits. Every operation of the document must be within them, not only the one
 * that `operationName` names: what is behind may choose another one. Throws `Refusal`.
 */
export function examine(
  { query, operationName, variables }: GraphqlRequest,
  limits: QueryLimits,
): Examined {
  try {
    const { operations, fragments } = definitions(parseQuery(query, limits));
    choose(operations, operationName);
    const measure = new Measure(fragments, variables, limits);
    const measured = operations.map((operation) => measure.operation(operation));
    for (const name of fragments.keys()) measure.fragment(name);
    for (const operation of operations) {
      const width = rootFields(operation.selectionSet, fragments);
      limit('query_too_wide', 'root fields', width, limits.maxRootFields);
    }
    for (const { depth, cost, aliases, directives } of measured) {
      limit('query_too_deep', 'levels of fields', depth, limits.maxDepth);
      limit('query_too_wide', 'aliases', aliases, limits.maxAliases);
      limit('query_too_wide', 'directives', directives, limits.maxDirectives);
      limit(
        'query_too_costly',
        'fields, lists counted as long as they may be',
        cost,
        limits.maxCost,
      );
    }
    const has = (type: OperationTypeNode): boolean =>
      operations.some(({ operation }) => operation === type);
    return {
      writes: has(OperationTypeNode.MUTATION),
      subscribes: has(OperationTypeNode.SUBSCRIPTION),
      cost: Math.max(...measured.map(({ cost }) => cost)),
    };
  } catch (error) {
    // The stack is used up by nesting that no query needs.
    if (error instanceof RangeError) {
      throw new Refusal(400, 'query_too_deep', 'the query nests too deeply to be read');
    }
    throw error;
  }
}

function parseQuery(query: string, { maxTokens }: QueryLimits): DocumentNode {
  try {
    return parse(query, { noLocation: true, maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (/contains more tha[tn] \d+ tokens/.test(error.message)) {
      throw new Refusal(400, 'query_too_long', `the query has more than ${maxTokens} tokens`);
    }
    const [at] = error.locations ?? [];
    throw invalid(
      `the query cannot be read${at ? ` (line ${at.line}, column ${at.column})` : ''}: ${error.message}`,
    );
  }
}

interface Definitions {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

function definitions({ definitions: all }: DocumentNode): Definitions {
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of all) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      const { value } = definition.name;
      if (fragments.has(value)) throw invalid(`the fragment "${value}" is defined twice`);
      fragments.set(value, definition);
    } else throw invalid('a request holds operations and fragments, and defines no types');
  }
  const names = operations.map(({ name }) => name?.value);
  if (new Set(names).size < names.length) throw invalid('two operations have the same name');
  if (operations.length === 0) throw invalid('the query holds no operation');
  return { operations, fragments };
}

function choose(operations: readonly OperationDefinitionNode[], name: string | undefined): void {
  if (name === undefined && operations.length > 1) {
    throw invalid('say by operationName which of the operations is meant');
  }
  if (name !== undefined && !operations.some((operation) => operation.name?.value === name)) {
    throw invalid('there is no operation of the name that operationName says');
  }
}

/** Fields at the top, fragments spread; only called when no fragment spreads itself. */
function rootFields(
  { selections }: SelectionSetNode,
  fragments: Definitions['fragments'],
  known = new Map<string, number>(),
): number {
  let count = 0;
  for (const node of selections) {
    if (node.kind === Kind.FIELD) count += 1;
    else if (node.kind === Kind.INLINE_FRAGMENT) {
      count += rootFields(node.selectionSet, fragments, known);
    } else {
      const name = node.name.value;
      const fragment = fragments.get(name);
      if (!fragment) continue;
      const width = known.get(name) ?? rootFields(fragment.selectionSet, fragments, known);
      known.set(name, width);
      count += width;
    }
  }
  return count;
}

function limit(reason: Reason, what: string, value: number, most: number): void {
  if (value <= most) return;
  throw new Refusal(400, reason, `the query has ${value} ${what}; at most ${most} are allowed`);
}
