const shownLength = 80;

/** Keys whose values may hold what nobody should read in a log. */
const hidden = new Set(['env', 'command', 'secrets']);

/** The key of a setting as the user writes it: `strata:customServices.web.command[0]`. */
export function showKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((key, part, index) => {
    if (typeof part === 'number') return `${key}[${part}]`;
    const name = String(part);
    const plain = index === 0 ? /^[\w.-]{1,64}$/ : /^[\w@+-]{1,64}$/;
    if (!plain.test(name)) return `${key}[${showText(name)}]`;
    return index === 0 ? `${key}${name}` : `${key}.${name}`;
  }, 'strata:');
}

/** The value of a setting, short, on one line, and only when it cannot be a secret. */
export function showValue(value: unknown, path: readonly PropertyKey[]): string {
  if (typeof value === 'string') {
    if (path.some((part) => hidden.has(String(part))))
      return 'text (not shown: it may be a secret)';
    return showText(value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return 'a group of keys';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

/** Text in quotes, with what cannot be seen written as its code, cut where it is long. */
export function showText(text: string): string {
  const start = text.slice(0, shownLength);
  const visible = JSON.stringify(start).replace(
    /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return text.length > shownLength ? `${visible} … (${text.length} characters)` : visible;
}

/** The first character of `text` that is not plain ASCII, in words: letters of other scripts look like it. */
export function lookAlike(text: string): string | undefined {
  const found = /[^\p{ASCII}]/u.exec(text.slice(0, 1024))?.[0];
  if (found === undefined) return undefined;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `It holds ${showText(found)} (U+${code}), which is not an ASCII character.`;
}

/** `a, b or c`. */
export function oneOf(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
