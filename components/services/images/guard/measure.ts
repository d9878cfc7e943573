import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { QueryLimits } from './config';
import { Refusal } from './refusal';

/** What one operation asks for, fragments spread where they stand. */
export interface Measured {
  /** Fields within fields. */
  readonly depth: number;
  /** Fields, each as often as the lists around it are long. */
  readonly cost: number;
  readonly aliases: number;
  readonly directives: number;
}

type Variables = Readonly<Record<string, unknown>>;
type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** What stands around a field, as far as it matters to whether the field is a list. */
type Around = 'plain' | 'edges' | 'structure';

const nothing: Measured = { depth: 0, cost: 0, aliases: 0, directives: 0 };

/** Arguments that say how long a list may be. */
const sizes: ReadonlySet<string> = new Set(['first', 'last', 'limit']);

/** Parts of a page of a list, whose field has been counted as long as the list. */
const structure: ReadonlySet<string> = new Set(['edges', 'nodes', 'node', 'pageInfo', 'aggregate']);

/** Above every limit that can be set, and products of it are still numbers. */
const longestList = 2 ** 31;

/**
 * Measures operations of one document. The guard knows no schema, so a field with fields of its own counts as a list of
 * `listSize` unless it says how long it is (`first`, `last`, `limit`, as a number or by a variable) or is a part of a page.
 * A fragment is measured once however often it is spread: doubling fragments cost what they are, and time of their text.
 */
export class Measure {
  private readonly known = new Map<string, Measured>();
  private readonly open = new Set<string>();
  private defaults: Variables = {};

  constructor(
    private readonly fragments: Fragments,
    private readonly variables: Variables,
    private readonly limits: Pick<QueryLimits, 'listSize' | 'introspection'>,
  ) {}

  /** Throws `Refusal` for introspection where it is off, and for fragments that are not there or spread themselves. */
  operation({ selectionSet, variableDefinitions, directives }: OperationDefinitionNode): Measured {
    // Fragments use the variables of the operation that spreads them.
    this.known.clear();
    this.defaults = Object.fromEntries(
      (variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
        defaultValue ? [[variable.name.value, literal(defaultValue)]] : [],
      ),
    );
    return plus(this.selection(selectionSet, 'plain'), counted(directives));
  }

  /** A fragment that no operation spreads is looked at too: what is behind may not stand it. */
  fragment(name: string, around: Around = 'plain'): Measured {
    const key = `${name} ${around}`;
    const known = this.known.get(key);
    if (known) return known;
    const fragment = this.fragments.get(name);
    if (!fragment) throw invalid(`there is no fragment "${name}"`);
    if (this.open.has(name)) throw invalid(`the fragment "${name}" spreads itself`);
    this.open.add(name);
    const measured = plus(
      this.selection(fragment.selectionSet, around),
      counted(fragment.directives),
    );
    this.open.delete(name);
    this.known.set(key, measured);
    return measured;
  }

  private selection({ selections }: SelectionSetNode, around: Around): Measured {
    let sum = nothing;
    for (const node of selections) {
      const own = counted(node.directives);
      if (node.kind === Kind.FIELD) sum = plus(sum, plus(this.field(node, around), own));
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        sum = plus(sum, plus(this.selection(node.selectionSet, around), own));
      } else sum = plus(sum, plus(this.fragment(node.name.value, around), own));
    }
    return sum;
  }

  private field(node: FieldNode, around: Around): Measured {
    const name = node.name.value;
    const aliases = node.alias ? 1 : 0;
    const one = { ...nothing, depth: 1, cost: 1, aliases };
    if (name === '__schema' || name === '__type') {
      if (this.limits.introspection) return one;
      throw new Refusal(403, 'introspection_off', 'this API does not describe itself');
    }
    if (!node.selectionSet) return one;
    const part = around === 'edges' ? name === 'node' : around === 'plain' && structure.has(name);
    const inside = this.selection(node.selectionSet, kindOf(part, name));
    const size = this.sizeOf(node) ?? (part ? 1 : this.limits.listSize);
    return {
      depth: 1 + inside.depth,
      cost: 1 + size * inside.cost,
      aliases: aliases + inside.aliases,
      directives: inside.directives,
    };
  }

  /** The longest that an argument says; undefined where none says anything that can be read. */
  private sizeOf({ arguments: given }: FieldNode): number | undefined {
    const said = (given ?? [])
      .filter(({ name }) => sizes.has(name.value))
      .flatMap(({ value }) => toSize(this.value(value)));
    return said.length === 0 ? undefined : Math.max(...said);
  }

  private value(node: ValueNode): unknown {
    if (node.kind !== Kind.VARIABLE) return literal(node);
    const name = node.name.value;
    return Object.hasOwn(this.variables, name) ? this.variables[name] : this.defaults[name];
  }
}

function kindOf(part: boolean, name: string): Around {
  if (!part) return 'plain';
  return name === 'edges' ? 'edges' : 'structure';
}

function literal(node: ValueNode): unknown {
  return node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING
    ? node.value
    : undefined;
}

/** A text that is a number counts too: some servers take it for one. */
function toSize(value: unknown): number[] {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return [];
  const size = Number(value);
  return Number.isNaN(size) ? [] : [Math.min(Math.max(1, size), longestList)];
}

function counted(directives: readonly unknown[] | undefined): Measured {
  return { ...nothing, directives: directives?.length ?? 0 };
}

function plus(a: Measured, b: Measured): Measured {
  return {
    depth: Math.max(a.depth, b.depth),
    cost: a.cost + b.cost,
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
  };
}

export function invalid(message: string): Refusal {
  return new Refusal(400, 'query_invalid', message);
}
