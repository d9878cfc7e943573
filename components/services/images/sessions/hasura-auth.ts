import { asObject, asText, type Dialect, type Json } from './dialect';

/**
 * nhost's Hasura Auth. Bodies and paths: services/auth/docs/openapi.yaml of nhost/nhost at 0b084abd, read 2026-11-22;
 * `refreshTokenId` stays while tokens rotate (sql/query.sql and workflows.go there).
 */
export const hasuraAuth: Dialect = {
  // Its clients expect a UUID; this one is nobody's.
  marker: '00000000-0000-0000-0000-000000000000',
  refreshMember: 'refreshToken',
  signUp: ({ email, password, name, redirectTo }) => ({
    method: 'POST',
    path: '/signup/email-password',
    body: {
      email,
      password,
      options: {
        ...(name !== undefined && { displayName: name }),
        ...(redirectTo !== undefined && { redirectTo }),
      },
    },
  }),
  logIn: (body) => ({ method: 'POST', path: '/signin/email-password', body }),
  refresh: (refreshToken) => ({ method: 'POST', path: '/token', body: { refreshToken } }),
  reset: ({ email, redirectTo }) => ({
    method: 'POST',
    path: '/user/password/reset',
    body: { email, options: { ...(redirectTo !== undefined && { redirectTo }) } },
  }),
  signOut: (scope, refreshToken) => {
    const question = { method: 'POST', path: '/signout' };
    if (scope === 'all') return { ...question, body: { all: true } };
    return refreshToken === undefined ? undefined : { ...question, body: { refreshToken } };
  },
  me: { method: 'GET', path: '/user' },
  isRefresh: (path) => path === '/token',
  signOutScope: (path, _query, body) => {
    if (path !== '/signout') return undefined;
    return body.all === true ? 'all' : 'one';
  },
  signedOut: { status: 200, body: '"OK"' },
  // Tokens of Google and the like.
  isForeign: (path) => /^\/(?:token|signin|signup)\/provider\//.test(path),
  find: (body) => {
    const session = sessionIn(body);
    const accessToken = asText(session?.accessToken);
    return accessToken === undefined || session === undefined
      ? undefined
      : {
          accessToken,
          refreshToken: asText(session.refreshToken),
          signIn: asText(session.refreshTokenId),
          person: hasuraAuth.personOf(session.user),
        };
  },
  replace: (body, { accessToken, refreshToken, expiresIn }) => {
    const session = {
      ...sessionIn(body),
      accessToken,
      accessTokenExpiresIn: expiresIn,
      ...(refreshToken !== undefined && { refreshToken }),
    };
    return asObject(body.session) === undefined ? session : { ...body, session };
  },
  personOf: (user) => {
    const given = asObject(user);
    const id = asText(given?.id);
    if (id === undefined || given === undefined) return undefined;
    return {
      id,
      email: asText(given.email) ?? '',
      verified: given.emailVerified === true,
      name: asText(given.displayName) ?? '',
    };
  },
  ticket: (body) => asText(asObject(body.mfa)?.ticket),
};

function sessionIn(body: Json): Json | undefined {
  return asObject(body.session) ?? (asText(body.accessToken) === undefined ? undefined : body);
}
