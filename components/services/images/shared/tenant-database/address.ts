export interface Elsewhere {
  /** Null where the service's own URL points. */
  readonly host: string | null;
  readonly port: number | null;
  readonly database: string;
  /** The service's own login where there is none. */
  readonly login?: { readonly user: string; readonly password: string };
}

/**
 * The URL of another database: of the service's own it keeps what is not said otherwise, TLS among it.
 * Throws when the host is none: what a URL does not take it ignores, and the connection would go to the old host.
 */
export function addressOf(own: string, { host, port, database, login }: Elsewhere): string {
  const url = new URL(own);
  url.pathname = `/${database}`;
  if (host !== null) {
    url.hostname = host.includes(':') ? `[${host}]` : host;
    url.port = String(port ?? 5432);
    if (url.hostname.replace(/^\[|\]$/g, '') !== host) {
      throw new Error(`${JSON.stringify(host)} is no name of a host`);
    }
  }
  if (login) {
    url.username = login.user;
    url.password = login.password;
  }
  return url.href;
}
