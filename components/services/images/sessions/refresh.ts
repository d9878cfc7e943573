import type { FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import { readCookies, clearedCookies } from './cookies';
import { asText } from './dialect';
import { header, type Inner } from './inner';
import { requireOwnPage } from './origin';
import type { Parts } from './parts';
import type { Settling } from './settle';
import { forwarded, type UpstreamAnswer } from './upstream';
import { namedBy } from './wanted';

/** A refresh token that came with a request, and whether the browser keeps it. */
export interface Kept {
  readonly token: string;
  readonly fromCookie: boolean;
}

/** The refresh token of a request: its own, or the cookie's. Throws `Refusal` (403) when a foreign page would use that. */
export function refreshTokenOf(
  request: FastifyRequest,
  { json }: Inner,
  { config, dialect }: Parts,
): Kept | undefined {
  const own = asText(json[dialect.refreshMember]) ?? asText(json.refreshToken);
  if (own !== undefined && own !== dialect.marker) return { token: own, fromCookie: false };
  const { refreshToken } = readCookies(header(request, 'cookie'));
  if (!config.cookie || refreshToken === undefined) return undefined;
  requireOwnPage(request, config.origins);
  return { token: refreshToken, fromCookie: true };
}

/** The upstream's answer to a refresh. Pages that refresh at the same time with one cookie get the same one. */
export async function refreshUpstream(
  request: FastifyRequest,
  kept: Kept | undefined,
  { dialect, upstream, flights, metrics }: Parts,
): Promise<UpstreamAnswer> {
  if (!kept) {
    throw new Refusal(401, 'refresh_token_missing', 'there is no session to go on with: sign in');
  }
  const ask = (): Promise<UpstreamAnswer> =>
    upstream.question(dialect.refresh(kept.token), forwarded(request.headers));
  const answer = await (kept.fromCookie ? flights.share(kept.token, ask) : ask());
  if (answer.status >= 400) metrics.rejected('refresh');
  return answer;
}

/** Cookies that a refused refresh takes away: only where the upstream said that the token is none. */
export function cookiesAfter({ status }: UpstreamAnswer): readonly string[] {
  return status === 400 || status === 401 || status === 403 ? clearedCookies : [];
}

/** How what comes of a request is settled. `kept` is the refresh token that it used. */
export async function settlingOf(
  request: FastifyRequest,
  kept: Kept | undefined,
  begins: boolean,
  { config, callers }: Parts,
): Promise<Settling> {
  const cookies = readCookies(header(request, 'cookie'));
  // A script that got into a page could ask so, but it has the cookie and gets none of it in a body.
  const asks = header(request, 'x-refresh-token') === 'body' && cookies.refreshToken === undefined;
  return {
    begins,
    inBody: !config.cookie || (kept ? !kept.fromCookie : asks),
    wanted: {
      named: namedBy(request, config.domain),
      before: (await callers.tenantBefore(request)) ?? cookies.tenant,
    },
  };
}
