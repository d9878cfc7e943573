/**
 * Control characters, ends of lines, surrogates, and every character of format: what nobody sees, and what turns the
 * direction of writing around, so that `gpj.exe` is shown as `exe.jpg`.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Why a text is no name for a file; undefined when it is one. A name never becomes part of a path here. */
export function nameProblem(name: string): string | undefined {
  if (name.normalize('NFC') !== name) return 'write it in the Unicode form NFC';
  if (Array.from(name).length > 255) return 'at most 255 characters';
  if (name.trim() !== name || name === '') return 'not empty, no space at its ends';
  if (unprintable.test(name)) return 'printable characters only';
  if (/[/\\]/.test(name) || name === '.' || name === '..') return 'a name, not a path';
  return undefined;
}

/**
 * The header Content-Disposition for any name: ASCII for old clients, and the name itself as RFC 5987 encodes it, which
 * RFC 6266 prefers. Nothing of the name can end the value or the header.
 */
export function contentDisposition(type: 'attachment' | 'inline', name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["%\\]/gu, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
