/** Who may use a route, and what checks it. */
export type Access =
  /** Anybody. */
  | 'public'
  /** A valid token or API key: nginx asks the guard. */
  | 'token'
  /** The same, and the guard reads the query: its depth and cost. */
  | 'graphql'
  /** The platform's operators: allowed addresses and a login. */
  | 'operator';

/** A path at the gateway. */
export interface Route {
  /** `/graphql` is that path alone; `/storage/` is everything below. */
  readonly path: string;
  /** `cdn` serves it at cdn.<domain>; the domain itself and api.<domain> when not given. */
  readonly subdomain?: string;
  readonly access: Access;
  /** What the service sees in the place of `path`; the same when not given. */
  readonly upstreamPath?: string;
  /** Such as `1M`; 1M when not given. */
  readonly maxBody?: string;
  readonly websocket?: boolean;
  /** Answers to GET of less than 100,000 bytes that say their length are kept this long, apart for each tenant and user. */
  readonly cacheSeconds?: number;
  /** Its answers are files of users: browsers run nothing of them, whatever the service says. */
  readonly ofUsers?: boolean;
  /** The path says all: the query goes nowhere, so that nobody makes two answers of one by it. */
  readonly withoutQuery?: boolean;
  /** How long an answer may take; 30 when not given. */
  readonly timeoutSeconds?: number;
  /** Where passwords and tokens are tried: the tighter limit for each address. */
  readonly strict?: boolean;
  /** The service gets the operators' login and checks it once more: every container of the network can open its port. */
  readonly passLogin?: boolean;
  /** It knows one place of rows: tenants with tables, or a shard, of their own are refused before it is asked. */
  readonly sharedTablesOnly?: boolean;
  /** With access by token: the anon key in `apikey` is enough, and the service judges a token beside it itself. */
  readonly anonKey?: boolean;
  /** What the service is told as the host that it is asked by; the client's own when not given. */
  readonly upstreamHost?: string;
}
