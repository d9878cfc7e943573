import { writeLine } from '../shared/log';

export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** JSON lines to stdout, in which none of `secrets` stands, whatever Postgres or a URL said. */
export function logger(secrets: readonly string[]): Log {
  // A short text may stand anywhere by chance.
  const hidden = secrets.flatMap(partsOf).filter((text) => text.length >= 8);
  return (level, message, fields = {}) => {
    const line = { level, message, ...fields };
    const clean = Object.fromEntries(
      Object.entries(line).map(([name, value]) => [
        name,
        typeof value === 'string' ? without(value, hidden) : value,
      ]),
    );
    writeLine(clean);
  };
}

function without(text: string, hidden: readonly string[]): string {
  return hidden.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}

/** A URL's password may stand without the URL. */
function partsOf(secret: string): string[] {
  const password = URL.canParse(secret) ? new URL(secret).password : '';
  return [secret, password, decodeURIComponent(password)];
}
