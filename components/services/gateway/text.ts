/** A line of an nginx file, or several; `false` is left out and an empty line stays one. */
export type Line = string | false | readonly Line[];

/** An nginx file. */
export function file(...parts: readonly Line[]): string {
  return `${flat(parts).join('\n')}\n`;
}

/** `head { … }`, with what is in it indented. */
export function block(head: string, ...body: readonly Line[]): string[] {
  return [`${head} {`, ...flat(body).map((line) => (line === '' ? '' : `    ${line}`)), '}'];
}

/** `map from $to { … }`. */
export function map(from: string, to: string, rows: Readonly<Record<string, string>>): string[] {
  return block(
    `map ${from} ${to}`,
    Object.entries(rows).map(([value, result]) => `${value} ${result};`),
  );
}

/** A host name or path within a regular expression. */
export function literally(text: string): string {
  return text.replaceAll('.', '\\.');
}

function flat(parts: readonly Line[]): string[] {
  return parts.flatMap((part) =>
    part === false ? [] : typeof part === 'string' ? [part] : flat(part),
  );
}
