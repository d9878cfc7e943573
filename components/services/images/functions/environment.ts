import { readSecret } from '../shared/environment';

/** Values of secrets that were read: none of them is written to the log. */
const known = new Set<string>();

/** A secret that the log will never show. Throws when `<name>_FILE` is not set or cannot be read. */
export function secret(name: string): string {
  const value = readSecret(name);
  remember(value);
  return value;
}

/** The same text with every secret that was read so far taken out. */
export function withoutSecrets(text: string): string {
  return [...known].reduce((rest, value) => rest.replaceAll(value, '[secret]'), text);
}

/** A short text may stand anywhere by chance; a URL's password may stand without the URL. */
function remember(value: string): void {
  const password = URL.canParse(value) ? new URL(value).password : '';
  for (const text of [value, password, decodeURIComponent(password)]) {
    if (text.length >= 8) known.add(text);
  }
}
