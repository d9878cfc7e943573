import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { Refusal } from '../shared/refusal';
import { invalidGrant, keepGrant } from './accounts';
import { addressOf } from './address';
import type { Choice } from './people';
import { signIn, type SignInParts } from './sign-in';

/**
 * The grant `password` of OAuth 2.0, which OAuth 2.1 leaves out: for programs of ours that cannot show a page, each named
 * in the config. Beyond `username`, `password` and `scope` it takes `tenant` (a slug; needed by members of several) and
 * `totp` (the code of a second factor).
 */
export function addPasswordGrant(provider: Provider, parts: SignInParts): void {
  const handle = (context: KoaContextWithOIDC) => passwordGrant(provider, parts, context);
  provider.registerGrantType('password', handle, [
    'username',
    'password',
    'scope',
    'tenant',
    'totp',
  ]);
}

async function passwordGrant(
  provider: Provider,
  parts: SignInParts,
  context: KoaContextWithOIDC,
): Promise<void> {
  const { oidc } = context;
  const { client } = oidc;
  if (!client) throw new errors.InvalidClient('no client');
  const email = parameter(context, 'username');
  const password = parameter(context, 'password');
  const code = parameter(context, 'totp');
  if (email === undefined || password === undefined) {
    throw new errors.InvalidRequest('username and password are required');
  }
  const scope = allowedScope(parameter(context, 'scope') ?? '', client.scope ?? '');
  const given = { email, password, ...(code !== undefined && { code }) };
  const outcome = await signIn(parts, given, addressOf(context.req)).catch((error: unknown) => {
    throw asOauth(error, context);
  });
  if (outcome === 'code') throw invalidGrant('a second factor is needed: send totp');
  if (outcome === 'wrong') throw invalidGrant('e-mail or password is wrong');

  const { id: tenantId } = chosen(outcome.tenants, parameter(context, 'tenant'));
  const { userId: accountId } = outcome;
  const { clientId } = client;
  const scopes = scope.split(' ');
  const grantId = await keepGrant(provider, { userId: accountId, tenantId, clientId, scopes });
  const source = { accountId, client, grantId, gty: 'password', scope };
  const token = new provider.AccessToken(source);
  oidc.entity('AccessToken', token);
  const access = await token.save();
  const refresh = client.grantTypeAllowed('refresh_token')
    ? await new provider.RefreshToken(source).save()
    : undefined;
  context.body = {
    access_token: access,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
    ...(refresh !== undefined && { refresh_token: refresh }),
  };
}

/** A refusal of ours in the words of OAuth: what else is thrown inside a grant is a fault of the server's. */
function asOauth(error: unknown, context: KoaContextWithOIDC): unknown {
  if (!(error instanceof Refusal)) return error;
  context.set(error.headers);
  const { status, message } = error;
  const said = new errors.CustomOIDCProviderError('temporarily_unavailable', message);
  return Object.assign(said, { status, statusCode: status });
}

/** What was asked for, when all of it is the client's to ask for. */
function allowedScope(asked: string, allowed: string): string {
  const own = new Set(allowed.split(' '));
  const wanted = asked.split(' ').filter((scope) => scope !== '');
  const excess = wanted.filter((scope) => !own.has(scope));
  if (excess.length > 0) {
    throw new errors.InvalidScope('requested scope is not allowed', excess.join(' '));
  }
  return wanted.join(' ');
}

function chosen(tenants: readonly Choice[], slug: string | undefined): Choice {
  const [only, ...others] = tenants;
  const found = slug === undefined ? only : tenants.find((tenant) => tenant.slug === slug);
  if (slug === undefined && others.length > 0) {
    throw new errors.InvalidRequest('say for which tenant: you are a member of several');
  }
  if (!found) throw invalidGrant('you are no member of that tenant');
  return found;
}

function parameter({ oidc }: KoaContextWithOIDC, name: string): string | undefined {
  const value = oidc.params?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
