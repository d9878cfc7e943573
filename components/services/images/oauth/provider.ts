import type { JWK } from 'jose';
import {
  errors,
  interactionPolicy,
  Provider,
  type ClientMetadata,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { findAccount } from './accounts';
import { claimsOf } from './access-token';
import type { ClientConfig, OauthConfig } from './config';
import type { Directory } from './directory';
import { sentencePage } from './pages';
import { paths } from './paths';
import type { Records } from './records';

const day = 86_400;

/** Of access and ID tokens: as long as the platform's other access tokens. */
const tokenSeconds = 900;

/** Of a refresh token, from the sign-in on: a new one lives as long as the one before would have. */
const refreshSeconds = 30 * day;

const interactionSeconds = 1800;

export interface ProviderParts {
  readonly config: OauthConfig;
  /** By id. */
  readonly clients: ReadonlyMap<string, ClientConfig>;
  /** The secret of each client that has one, by the client's id. */
  readonly clientSecrets: ReadonlyMap<string, string>;
  readonly records: Records;
  readonly directory: Directory;
  readonly signingKey: JWK;
  readonly cookieKey: string;
  /** 64 hex digits. */
  readonly secret: string;
}

export type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/** A part of the program as oidc-provider, a Koa application, runs it. */
export type Middleware = (context: Context, next: () => Promise<unknown>) => Promise<void>;

/**
 * oidc-provider as the platform configures it. What is not needed is off: no clients that register themselves, no
 * requests by reference, no DPoP (services do not check the proof), no userinfo (the ID token says all there is), and
 * nobody stays signed in.
 */
export function makeProvider(parts: ProviderParts): Provider {
  const { config, cookieKey, signingKey } = parts;
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax' } as const;
  const provider = new Provider(config.issuer, {
    ...models(parts),
    ...policies,
    jwks: { keys: [signingKey] },
    scopes: ['openid', ...config.scopes],
    claims: { openid: ['sub', 'tenant_id', 'tenant_role'] },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [cookieKey], long: cookie, short: cookie },
    interactions: {
      url: (_context, { uid }) => `${new URL(config.issuer).pathname}/interaction/${uid}`,
      policy: [
        alwaysSignIn(),
        ...interactionPolicy.base().filter(({ name }) => name === 'consent'),
      ],
    },
    routes: { ...paths, end_session: '/session/end' },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: mayIntrospect },
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
  });
  // app.ts says the scheme and the host, as the gateway has them.
  provider.proxy = true;
  return provider;
}

/** What the registry, the config and Redis know, as oidc-provider asks for it. */
function models(parts: ProviderParts): Configuration {
  const { config, clients, clientSecrets, records, directory, secret } = parts;
  const claims = claimsOf({ directory, clients, scopes: config.scopes, secret });
  return {
    adapter: (model: string) => {
      const kept = records.adapter(model);
      if (model !== 'Client') return kept;
      const find = (id: string) => {
        const client = clients.get(id);
        const here = client && (config.sessions === undefined ? withoutPeople(client) : client);
        return Promise.resolve(here && metadataOf(here, clientSecrets.get(id)));
      };
      return { ...kept, find };
    },
    findAccount: findAccount(directory),
    extraTokenClaims: (context, token) => claims(context.oidc.provider, token),
  };
}

const policies: Configuration = {
  pkce: { required: (_context, { clientAuthMethod }) => clientAuthMethod === 'none' },
  issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  clientBasedCORS: (_context, origin, { clientAuthMethod, redirectUris = [] }) =>
    clientAuthMethod === 'none' && redirectUris.some((uri) => URL.parse(uri)?.origin === origin),
  renderError: (context, { error, error_description: description = '' }) => {
    context.type = 'html';
    context.body = sentencePage('That did not work', `${error}: ${description}`);
  },
  ttl: {
    AccessToken: tokenSeconds,
    ClientCredentials: tokenSeconds,
    IdToken: tokenSeconds,
    AuthorizationCode: 60,
    Interaction: interactionSeconds,
    Session: interactionSeconds,
    Grant: refreshSeconds,
    RefreshToken: (context: KoaContextWithOIDC) =>
      context.oidc.entities.RotatedRefreshToken?.remainingTTL ?? refreshSeconds,
  },
};

/** Each authorization begins with a sign-in, so a browser that is left open gives nobody a token. */
function alwaysSignIn(): interactionPolicy.Prompt {
  return new interactionPolicy.Prompt(
    { name: 'login', requestable: true },
    new interactionPolicy.Check(
      'sign_in',
      'the person must sign in',
      'login_required',
      (context) =>
        context.oidc.result?.login
          ? interactionPolicy.Check.NO_NEED_TO_PROMPT
          : interactionPolicy.Check.REQUEST_PROMPT,
    ),
  );
}

/** What is left of a client where nobody can sign in. */
function withoutPeople(client: ClientConfig): ClientConfig {
  return { ...client, grants: client.grants.filter((grant) => grant === 'client_credentials') };
}

function metadataOf(client: ClientConfig, secret: string | undefined): ClientMetadata {
  const { id, name, redirectUris, grants, scopes } = client;
  return {
    client_id: id,
    client_name: name,
    // Programs on a device: a scheme of their own, or a port of this machine.
    application_type: redirectUris.every((uri) => uri.startsWith('https:')) ? 'web' : 'native',
    redirect_uris: [...redirectUris],
    grant_types: [...grants],
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    scope: scopes.join(' '),
    ...(secret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_basic', client_secret: secret }),
  };
}

type Owned = NonNullable<
  NonNullable<NonNullable<Configuration['features']>['introspection']>['allowedPolicy']
>;

/** A client learns of its own access tokens alone, and only one that can prove who it is. */
const mayIntrospect: Owned = (_context, { clientId, clientAuthMethod }, token) =>
  clientAuthMethod !== 'none' && token.clientId === clientId && token.kind !== 'RefreshToken';

/** RFC 7009, 2.1: a token of another client is refused, and the client is told. */
const mayRevoke: Owned = (_context, { clientId }, token) => {
  if (token.clientId !== clientId) {
    throw new errors.InvalidRequest('this token was not issued to this client');
  }
  return true;
};
