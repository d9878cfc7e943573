import type { FastifyRequest } from 'fastify';
import type { Caller } from './callers';
import { asObject, type SignOutScope } from './dialect';
import type { Inner } from './inner';
import type { Parts } from './parts';
import { refreshTokenOf, refreshUpstream } from './refresh';
import { parsed } from './settle';
import { forwarded } from './upstream';

/** Who leaves, as far as the request shows it. */
interface Leaving {
  readonly subject: string;
  readonly signIn: string | undefined;
  /** The id of the access token that was shown. */
  readonly token: string | undefined;
  /** What the upstream is told. */
  readonly bearer: string;
}

/**
 * Signs out: the platform's tokens first, which then count no more, and then the upstream's. What the upstream does not
 * hear of is ended here all the same: its refresh token leads to no token of the platform.
 */
export async function leave(
  request: FastifyRequest,
  inner: Inner,
  scope: SignOutScope,
  parts: Parts,
): Promise<void> {
  const { people, callers, dialect, upstream, metrics } = parts;
  const caller = await callers.optional(request);
  const kept = refreshTokenOf(request, inner, parts);
  const refreshed = caller || !kept ? undefined : await byRefreshToken(request, inner, parts);
  const leaving = caller ? ofCaller(caller) : refreshed?.leaving;
  if (leaving && scope === 'one') {
    await people.revokeSignIn(leaving.subject, leaving.signIn, leaving.token);
  }
  if (leaving && scope === 'all') {
    const userId = await people.whoIs(leaving.subject);
    if (userId !== undefined) await people.revokeUser(userId);
  }
  if (leaving && scope !== 'others') metrics.revoked(scope);

  const question = dialect.signOut(scope, refreshed?.refreshToken ?? kept?.token);
  if (!question || (!leaving && scope !== 'one')) return;
  try {
    const { status } = await upstream.question(
      question,
      forwarded(request.headers, leaving?.bearer),
    );
    if (status >= 400) metrics.upstreamFailed('sign_out');
  } catch {
    metrics.upstreamFailed('sign_out');
  }
}

/** Where no access token says who it is, the refresh token does: it is used up, and what comes of it is ended. */
async function byRefreshToken(
  request: FastifyRequest,
  inner: Inner,
  parts: Parts,
): Promise<{ leaving: Leaving; refreshToken: string | undefined } | undefined> {
  const { dialect, mint } = parts;
  const answer = await refreshUpstream(request, refreshTokenOf(request, inner, parts), parts);
  const found = dialect.find(asObject(parsed(answer.body)) ?? {});
  if (!found) return undefined;
  const claims = await mint.verify(found.accessToken);
  const signIn = found.signIn ?? (claims.session_id as string | undefined);
  return {
    leaving: { subject: claims.sub, signIn, token: undefined, bearer: found.accessToken },
    refreshToken: found.refreshToken,
  };
}

function ofCaller({ claims, signIn, token }: Caller): Leaving {
  return { subject: claims.sub, signIn, token: claims.jti, bearer: token };
}
