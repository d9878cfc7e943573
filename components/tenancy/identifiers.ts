/**
 * Names are written into SQL: only plain ones are taken, and even these are quoted, because `order` is a plain name too.
 * 63 bytes are what Postgres keeps of a name.
 */
const plain = /^[a-z_][a-z0-9_]{0,62}$/;

export const plainAdvice =
  'a name is of a-z, 0-9 and _, begins with no digit and has at most 63 characters';

export function isPlainName(name: string): boolean {
  return plain.test(name);
}

/** `notes` → `"notes"`. Throws for a name that is not plain. */
export function quoteName(name: string): string {
  if (!isPlainName(name))
    throw new Error(`${JSON.stringify(name)} is not written into SQL: ${plainAdvice}`);
  return `"${name}"`;
}

/** `app.notes` → `"app"."notes"`. Throws unless it is a schema and a table with plain names. */
export function quoteTable(table: string): string {
  const parts = table.split('.');
  if (parts.length !== 2) {
    throw new Error(`${JSON.stringify(table)} is not a table with its schema, such as app.notes`);
  }
  return parts.map(quoteName).join('.');
}
