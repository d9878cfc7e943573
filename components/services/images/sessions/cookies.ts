/** `__Host-`: browsers take it over TLS only and from this very host, so no other host of the domain can set it. */
const refreshName = '__Host-strata-refresh';
const tenantName = '__Host-strata-tenant';

export interface Cookies {
  readonly refreshToken: string | undefined;
  /** Which tenant the last token was for: a wish, and no more than that. */
  readonly tenant: string | undefined;
}

const none: Cookies = { refreshToken: undefined, tenant: undefined };

/** What the browser keeps for us. A name that stands twice is nothing: nobody knows whose it is. */
export function readCookies(header: string | undefined): Cookies {
  if (header === undefined) return none;
  const pairs = header.split(';').map((pair) => pair.trim().split(/=(.*)/s, 2));
  const one = (name: string): string | undefined => {
    const [value, ...more] = pairs.flatMap(([key, text]) => (key === name ? [text ?? ''] : []));
    return more.length > 0 || value === '' ? undefined : value;
  };
  return { refreshToken: one(refreshName), tenant: one(tenantName) };
}

/** `Set-Cookie` of a session. Throws when the token could be read as another attribute. */
export function sessionCookies(
  refreshToken: string,
  tenantId: string | undefined,
  days: number,
): string[] {
  if (!/^[\w.~-]{1,1024}$/.test(refreshToken))
    throw new Error('no refresh token of an auth service');
  const seconds = days * 86_400;
  return [cookie(refreshName, refreshToken, seconds), tenantCookie(tenantId, days)];
}

export function tenantCookie(tenantId: string | undefined, days: number): string {
  return tenantId === undefined
    ? cookie(tenantName, '', 0)
    : cookie(tenantName, tenantId, days * 86_400);
}

/** `Set-Cookie` after which the browser has nothing of us. */
export const clearedCookies: readonly string[] = [
  cookie(refreshName, '', 0),
  cookie(tenantName, '', 0),
];

function cookie(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${String(seconds)}; HttpOnly; Secure; SameSite=Strict`;
}
