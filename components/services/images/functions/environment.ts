import { readSecret, variable } from '../shared/environment';

/** Values of secrets that were read: none of them is written to the log. */
const known = new Set<string>();

/** A whole number above 0 from the environment. Throws when it is none. */
export function wholeNumber(name: string): number {
  const value = Number(variable(name));
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`${name} is not a whole number above 0`);
  }
  return value;
}

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
