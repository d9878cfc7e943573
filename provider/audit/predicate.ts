/** A condition of a policy as a tree of what is joined by AND and OR; the leaves are text. */
type Predicate =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Predicate[] }
  | { readonly kind: 'leaf'; readonly text: string };

/** The session's tenant, as `leaf` writes it: of whomever it acts for, of a member, or of an admin. */
const ofSession =
  /^(?:tenant_id = tenancy\.(?:current|member|admin)_tenant_id\(\)|tenancy\.(?:current|member|admin)_tenant_id\(\) = tenant_id)$/;

/**
 * Whether a condition lets through rows of one tenant only: each branch of an OR has the session's tenant, or the
 * constant one, among what is joined by AND. A condition that could be true for another reason is not, so
 * `tenant_id = … or tenancy.current_tenant_id() is null` is not, and neither is true.
 */
export function keepsToTenant(condition: string | null, constant?: string): boolean {
  return demands(
    condition,
    (text) =>
      ofSession.test(text) ||
      (constant !== undefined && text === `tenant_id = '${constant}'::uuid`),
  );
}

/** Whether every way to satisfy a condition has a leaf that passes `test`. */
export function demands(condition: string | null, test: (leaf: string) => boolean): boolean {
  return condition !== null && holds(parse(condition), test);
}

/** The condition without a branch of its outermost OR, such as the one for queries of Hasura; null when it has none. */
export function withoutBranch(condition: string | null, branch: string): string | null {
  if (condition === null) return null;
  const tree = parse(condition);
  if (tree.kind !== 'or') return null;
  const rest = tree.parts.filter((part) => part.kind !== 'leaf' || part.text !== branch);
  if (rest.length === tree.parts.length) return null;
  return write({ kind: 'or', parts: rest });
}

function holds(tree: Predicate, test: (leaf: string) => boolean): boolean {
  switch (tree.kind) {
    case 'leaf':
      return test(tree.text);
    case 'and':
      return tree.parts.some((part) => holds(part, test));
    case 'or':
      return tree.parts.every((part) => holds(part, test));
  }
}

function parse(text: string): Predicate {
  const inner = unwrapped(text.trim());
  for (const kind of ['or', 'and'] as const) {
    const parts = split(inner, ` ${kind.toUpperCase()} `);
    if (parts.length > 1) return { kind, parts: parts.map(parse) };
  }
  return { kind: 'leaf', text: leaf(inner) };
}

function write(tree: Predicate): string {
  if (tree.kind === 'leaf') return tree.text;
  return `(${tree.parts.map(write).join(` ${tree.kind.toUpperCase()} `)})`;
}

/** `( SELECT tenancy.f() AS f)` is asked once for each statement, and means f(). */
function leaf(text: string): string {
  return text
    .replaceAll(/\( SELECT ([\w.]+\(\)|SESSION_USER) AS "?\w+"?\)/g, '$1')
    .replace(/^NOT \((.*)\)$/, 'NOT $1');
}

/** Without the parentheses around all of it. */
function unwrapped(text: string): string {
  if (!text.startsWith('(') || closing(text, 0) !== text.length - 1) return text;
  const inner = text.slice(1, -1).trim();
  return inner.startsWith('SELECT ') ? text : unwrapped(inner);
}

function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    at = skip(text, at);
    if (!text.startsWith(separator, at)) continue;
    parts.push(text.slice(start, at));
    start = at + separator.length;
    at = start - 1;
  }
  return [...parts, text.slice(start)];
}

/** The end of what begins here and is not to be looked into: parentheses, a string, a quoted name. */
function skip(text: string, at: number): number {
  let here = at;
  while (here < text.length && '(\'"'.includes(text.charAt(here))) here = closing(text, here) + 1;
  return here;
}

/** Where the parenthesis or the quotation that opens at `at` ends. */
export function closing(text: string, at: number): number {
  const opened = text.charAt(at);
  if (opened !== '(') {
    const end = text.indexOf(opened, at + 1);
    return end < 0 ? text.length : end;
  }
  let here = at + 1;
  while (here < text.length && text.charAt(here) !== ')') {
    here = '(\'"'.includes(text.charAt(here)) ? closing(text, here) + 1 : here + 1;
  }
  return here;
}
