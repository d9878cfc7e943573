import type { Anonymisation, TableRules } from './declaration';
import { quoteName } from './identifiers';
import { byName } from './rules';

/**
 * The SQL that stands for each personal column in an anonymised copy: column → expression, sorted.
 *
 * Equal values become equal ones wherever `salt` is the same, so that unique keys and joins hold. Without the salt nobody
 * can find out which value one came from by trying likely ones, so it is a fresh random text for each copy, of at least
 * 16 bytes, and goes to nobody. An empty value (null) stays one.
 */
export function anonymised(
  { personal = {} }: Pick<TableRules, 'personal'>,
  salt: string,
): ReadonlyMap<string, string> {
  if (Buffer.byteLength(salt) < 16) throw new Error('a salt has at least 16 bytes');
  return new Map(
    byName(personal).map(([column, how]) => [column, expression(quoteName(column), how, salt)]),
  );
}

function expression(column: string, how: Anonymisation, salt: string): string {
  const unless = (value: string): string => `case when ${column} is not null then ${value} end`;
  if (typeof how === 'object') return unless(literal(how.value));
  // 80 bits: among a million values two are alike once in a trillion copies.
  const made = `left(encode(sha256(convert_to(${literal(salt)} || ${column}::text, 'UTF8')), 'hex'), 20)`;
  switch (how) {
    case 'erase':
      return 'null';
    case 'email':
      return unless(`${made} || '@example.invalid'`);
    case 'name':
      return unless(`'Person ' || ${made}`);
    case 'text':
      return unless(`repeat('x', char_length(${column}::text))`);
  }
}

/** A backslash means itself in a text with standard_conforming_strings, which every connection has unless it says else. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
