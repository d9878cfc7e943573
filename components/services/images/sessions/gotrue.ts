import { asObject, asText, type Dialect } from './dialect';

/**
 * Supabase's GoTrue. Paths: internal/api/api.go of supabase/auth at 01951a48; claims and bodies: internal/tokens/service.go
 * there; read 2026-11-22. A sign-in is `session_id` in its tokens.
 */
export const gotrue: Dialect = {
  marker: 'cookie',
  refreshMember: 'refresh_token',
  signUp: ({ email, password, name, redirectTo }) => ({
    method: 'POST',
    path: '/signup',
    ...redirect(redirectTo),
    body: { email, password, data: { ...(name !== undefined && { name }) } },
  }),
  logIn: (body) => ({ method: 'POST', path: '/token', query: 'grant_type=password', body }),
  refresh: (refresh_token) => ({
    method: 'POST',
    path: '/token',
    query: 'grant_type=refresh_token',
    body: { refresh_token },
  }),
  reset: ({ email, redirectTo }) => ({
    method: 'POST',
    path: '/recover',
    ...redirect(redirectTo),
    body: { email },
  }),
  signOut: (scope) => ({
    method: 'POST',
    path: '/logout',
    query: `scope=${{ one: 'local', all: 'global', others: 'others' }[scope]}`,
  }),
  me: { method: 'GET', path: '/user' },
  // It reads the grant from the query; whoever sends a refresh token wants to refresh.
  isRefresh: (path, query, body) =>
    path === '/token' &&
    (query.getAll('grant_type').includes('refresh_token') || body.refresh_token !== undefined),
  signOutScope: (path, query) => {
    if (path !== '/logout') return undefined;
    const scope = query.get('scope');
    if (scope === 'others') return 'others';
    return scope === 'local' ? 'one' : 'all';
  },
  signedOut: { status: 204, body: '' },
  isForeign: () => false,
  find: (body) => {
    const accessToken = asText(body.access_token);
    return accessToken === undefined
      ? undefined
      : {
          accessToken,
          refreshToken: asText(body.refresh_token),
          signIn: undefined,
          person: gotrue.personOf(body.user),
        };
  },
  replace: (body, { accessToken, refreshToken, expiresIn, expiresAt }) => ({
    ...body,
    access_token: accessToken,
    expires_in: expiresIn,
    expires_at: expiresAt,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }),
  personOf: (user) => {
    const given = asObject(user);
    const id = asText(given?.id);
    if (id === undefined || given === undefined) return undefined;
    return {
      id,
      email: asText(given.email) ?? '',
      // Not user_metadata.email_verified: that the user writes himself.
      verified: asText(given.email_confirmed_at) !== undefined,
      name: asText(asObject(given.user_metadata)?.name) ?? '',
    };
  },
  ticket: () => undefined,
};

function redirect(redirectTo: string | undefined): { readonly query?: string } {
  return redirectTo === undefined
    ? {}
    : { query: new URLSearchParams({ redirect_to: redirectTo }).toString() };
}
