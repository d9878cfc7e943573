import { closing } from './predicate';

/** One call in a condition, as Postgres writes conditions out with an empty search_path. */
export interface Call {
  /** `tenancy.current_tenant_id`; without a schema it is Postgres' own. */
  readonly name: string;
  /** Whether it stands in a subquery that names no column, and so runs once for each statement. */
  readonly once: boolean;
  /** Whether its arguments name a column. */
  readonly ofRow: boolean;
}

/** The function calls in a condition. */
export function callsIn(condition: string): Call[] {
  const text = withoutLiterals(condition);
  const found = text.matchAll(
    /(?<!::|\w)((?:"[^"]+"|[a-z_][\w$]*)(?:\.(?:"[^"]+"|[a-z_][\w$]*))*)\(/g,
  );
  const subqueries = [...text.matchAll(/\( SELECT /g)]
    .map(({ index }) => [index, closing(text, index)] as const)
    .filter(([from, to]) => !namesColumn(text.slice(from + '( SELECT '.length, to)));
  return [...found].map((match) => {
    const name = match[1] ?? '';
    const opens = match.index + name.length;
    const args = text.slice(opens + 1, closing(text, opens));
    return {
      name,
      once: subqueries.some(([from, to]) => from < match.index && match.index < to),
      ofRow: namesColumn(args),
    };
  });
}

/** Whether a condition looks rows up in a set of rows: `in (select …)`, `= any (array(select …))`, `exists (…)`. */
export function looksUp(condition: string): boolean {
  const text = withoutLiterals(condition);
  return /\b(?:IN|EXISTS) \( ?SELECT |\b(?:ANY|ALL) \((?:ARRAY\(|\( )?\(* ?SELECT /.test(text);
}

/** What is left without calls, casts, aliases and the words of SQL, which Postgres writes in capitals, is a name. */
function namesColumn(text: string): boolean {
  const plain = text
    .replaceAll(/ AS "?\w+"?(?=\)|$)/g, '')
    .replaceAll(/::[\w. ]+/g, '')
    .replaceAll(/[\w.]+\(/g, '(')
    .replaceAll(/\b(?:[A-Z_]+|true|false)\b/g, '');
  return /[a-z_]/i.test(plain);
}

/** On one line, with every literal empty. */
function withoutLiterals(text: string): string {
  return text.replaceAll(/E?'(?:[^']|'')*'/g, "''").replaceAll(/\s+/g, ' ');
}
