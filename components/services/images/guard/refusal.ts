/** Why a request is not let through. Counted by it, so there are few, and each means one thing. */
export type Reason =
  | 'credentials_missing'
  | 'credentials_ambiguous'
  | 'token_expired'
  | 'token_invalid'
  | 'token_without_tenant'
  | 'token_revoked'
  | 'key_invalid'
  | 'key_expired'
  | 'key_revoked'
  | 'wrong_tenant'
  | 'wrong_model'
  | 'tenant_suspended'
  | 'scope_missing'
  | 'rate_limited'
  | 'cost_limited'
  | 'too_many_failures'
  | 'method_not_allowed'
  | 'websocket_unsupported'
  | 'media_type_unsupported'
  | 'body_too_large'
  | 'body_invalid'
  | 'query_invalid'
  | 'query_too_long'
  | 'query_too_deep'
  | 'query_too_costly'
  | 'query_too_wide'
  | 'introspection_off'
  | 'not_found'
  | 'limits_unavailable'
  | 'registry_unavailable'
  | 'upstream_unavailable'
  | 'upstream_timeout'
  | 'client_left'
  | 'request_invalid'
  | 'internal_error'
  // Of sockets.
  | 'protocol_unsupported'
  | 'init_missing'
  | 'init_repeated'
  | 'init_first'
  | 'operation_repeated'
  | 'operations_limited'
  | 'sockets_limited'
  | 'message_invalid'
  | 'message_too_large'
  | 'result_too_large'
  | 'client_slow'
  | 'client_silent'
  | 'upstream_refused'
  | 'upstream_ended'
  | 'guard_stops';

/** A request that is not let through; `message` is for the caller and holds nothing of anybody else's. */
export class Refusal extends Error {
  constructor(
    /** What the client gets. */
    readonly status: number,
    readonly reason: Reason,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
