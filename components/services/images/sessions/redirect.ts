import { asObject, type Found } from './dialect';
import type { Outcome, Parts } from './parts';
import { parsed, type Settled, type Settling } from './settle';
import type { UpstreamAnswer } from './upstream';

/**
 * A redirect of the upstream, to where it chose by its own list of allowed places. What signs in by a link brings tokens
 * along in the address: GoTrue both, behind `#`; Hasura Auth a refresh token in the query, which is used up here, so that
 * it is known whose sign-in it is.
 */
export async function redirected(
  answer: UpstreamAnswer,
  settling: Settling,
  parts: Parts,
): Promise<Outcome> {
  const { status, headers } = answer;
  const target = URL.parse(headers.location ?? '');
  if (!target) return { ...answer, body: '' };
  const fragment = new URLSearchParams(target.hash.slice(1));
  const settled = fragment.has('access_token')
    ? await inFragment(fragment, settling, parts)
    : await inQuery(target.searchParams, settling, parts);
  if (!settled) return { ...answer, body: '' };
  if (fragment.has('access_token')) target.hash = fragment.toString();
  parts.metrics.signedIn(settled.tenant !== undefined);
  return {
    status,
    headers: { ...headers, location: target.href },
    cookies: settled.cookies,
    body: '',
  };
}

async function inFragment(
  fragment: URLSearchParams,
  settling: Settling,
  { settler }: Parts,
): Promise<Settled> {
  const found: Found = {
    accessToken: fragment.get('access_token') ?? '',
    refreshToken: fragment.get('refresh_token') ?? undefined,
    signIn: undefined,
    person: undefined,
  };
  const settled = await settler.settle(found, settling);
  fragment.set('access_token', settled.token);
  fragment.set('expires_in', String(settled.expiresIn));
  fragment.set('expires_at', String(settled.expiresAt));
  if (settled.refreshToken !== undefined) fragment.set('refresh_token', settled.refreshToken);
  return settled;
}

async function inQuery(
  query: URLSearchParams,
  settling: Settling,
  { dialect, upstream, settler }: Parts,
): Promise<Settled | undefined> {
  const token = query.get('refreshToken');
  if (token === null) return undefined;
  const answer = await upstream.question(dialect.refresh(token), {});
  const found = dialect.find(asObject(parsed(answer.body)) ?? {});
  if (!found) {
    query.delete('refreshToken');
    return undefined;
  }
  const settled = await settler.settle(found, settling);
  query.set('refreshToken', settled.refreshToken ?? dialect.marker);
  return settled;
}
