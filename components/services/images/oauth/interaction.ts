import type { ParsedUrlQuery } from 'node:querystring';
import type { InteractionResults, Provider } from 'oidc-provider';
import { Refusal } from '../shared/refusal';
import { keepGrant } from './accounts';
import { addressOf } from './address';
import type { ClientConfig } from './config';
import { field, readForm } from './form';
import { consentPage, policy, sentencePage, signInPage } from './pages';
import { readSignedIn, type SignedIn } from './people';
import type { Context, Middleware } from './provider';
import type { Records } from './records';
import { signIn, type SignInParts } from './sign-in';

/** How long somebody may think about it. */
const patienceSeconds = 600;

interface Interactions extends SignInParts {
  readonly provider: Provider;
  readonly records: Pick<Records, 'keep' | 'kept' | 'forget'>;
  readonly clients: ReadonlyMap<string, ClientConfig>;
  /** Scheme and host of the issuer. */
  readonly origin: string;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

interface Asked {
  readonly details: Details;
  readonly client: ClientConfig;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

/**
 * The pages at `/interaction/<id>`: sign in, then choose a tenant and let the client in. What lies in between is kept
 * under the interaction's id, which a signed cookie for this path alone holds.
 */
export function interactions(parts: Interactions): Middleware {
  return async (context, next) => {
    const [, uid] = /^\/interaction\/([\w-]+)$/.exec(context.path) ?? [];
    if (uid === undefined) {
      await next();
      return;
    }
    const details = await parts.provider.interactionDetails(context.req, context.res);
    if (details.uid !== uid) throw new Refusal(404, 'not_found', 'there is nothing here');
    const asked = askedIn(parts, details);
    context.set('content-security-policy', policy(sourceOf(asked.redirectUri)));
    const signedIn = readSignedIn(await parts.records.kept(uid));
    if (context.method === 'POST') return answer(parts, context, asked, signedIn);
    if (context.method !== 'GET') throw new Refusal(405, 'not_allowed', 'only GET and POST');
    context.body = signedIn
      ? consentFor(asked, signedIn)
      : signInPage({ client: asked.client.name, askCode: false });
  };
}

function askedIn({ clients }: Interactions, details: Details): Asked {
  const { client_id, redirect_uri, scope } = details.params;
  const client = clients.get(String(client_id));
  if (!client) throw new Refusal(400, 'invalid_client', 'there is no such client any more');
  return {
    details,
    client,
    redirectUri: String(redirect_uri),
    scopes: typeof scope === 'string' ? scope.split(' ') : [],
  };
}

async function answer(
  parts: Interactions,
  context: Context,
  asked: Asked,
  signedIn: SignedIn | undefined,
): Promise<void> {
  // Tenants' hosts are the same site, so their pages' forms would come with the cookie; they would not say this origin.
  if (context.get('origin') !== parts.origin) {
    throw new Refusal(403, 'wrong_origin', 'this form was not sent by its own page');
  }
  const form = await readForm(context.req);
  if (field(form, 'action') === 'deny') {
    return finish(parts, context, asked, {
      error: 'access_denied',
      error_description: 'it was refused on the page',
    });
  }
  if (signedIn) return consent(parts, context, asked, signedIn, field(form, 'tenant'));
  return trySignIn(parts, context, asked, form);
}

async function trySignIn(
  parts: Interactions,
  context: Context,
  asked: Asked,
  form: ParsedUrlQuery,
): Promise<void> {
  const [email = '', password = ''] = [field(form, 'email'), field(form, 'password')];
  const code = field(form, 'code');
  const given = { email, password, ...(code !== undefined && { code }) };
  const outcome = await signIn(parts, given, addressOf(context.req));
  if (typeof outcome === 'string') {
    const again = code !== undefined || outcome === 'code';
    context.status = outcome === 'wrong' ? 401 : 200;
    context.body = signInPage({
      client: asked.client.name,
      email,
      askCode: again,
      ...(outcome === 'wrong' && { wrong: 'E-mail, password or code is wrong.' }),
    });
    return;
  }
  const [only, ...others] = outcome.tenants;
  if (!only) {
    context.status = 403;
    context.body = sentencePage('No tenant', 'You are a member of no tenant: ask to be invited.');
    return;
  }
  if (asked.client.firstParty && others.length === 0) {
    return letIn(parts, context, asked, { userId: outcome.userId, tenantId: only.id });
  }
  await parts.records.keep(asked.details.uid, outcome, patienceSeconds);
  context.body = consentFor(asked, outcome);
}

function consentFor({ client, redirectUri, scopes }: Asked, { tenants }: SignedIn): string {
  return consentPage({ client: client.name, destination: sourceOf(redirectUri), scopes, tenants });
}

async function consent(
  parts: Interactions,
  context: Context,
  asked: Asked,
  { userId, tenants }: SignedIn,
  tenantId: string | undefined,
): Promise<void> {
  const chosen = tenants.find(({ id }) => id === tenantId);
  if (!chosen) throw new Refusal(400, 'invalid_request', 'choose one of your tenants');
  return letIn(parts, context, asked, { userId, tenantId: chosen.id });
}

async function letIn(
  parts: Interactions,
  context: Context,
  asked: Asked,
  person: { readonly userId: string; readonly tenantId: string },
): Promise<void> {
  const { client, scopes } = asked;
  const grantId = await keepGrant(parts.provider, { ...person, clientId: client.id, scopes });
  return finish(parts, context, asked, {
    login: { accountId: person.userId, remember: false },
    consent: { grantId },
  });
}

async function finish(
  { provider, records }: Interactions,
  context: Context,
  { details }: Asked,
  result: InteractionResults,
): Promise<void> {
  await records.forget(details.uid);
  // Nobody stays signed in here, so another person or tenant than the last time is no conflict.
  if (details.session?.uid !== undefined) {
    const session = await provider.Session.findByUid(details.session.uid);
    await session?.destroy();
    delete details.session;
    await details.persist();
  }
  const options = { mergeWithLastSubmission: false };
  const to = await provider.interactionResult(context.req, context.res, result, options);
  context.status = 303;
  context.redirect(to);
}

/** What the policy of a page calls the place to which its form leads at last. */
function sourceOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  // Programs on a device have a scheme of their own.
  return origin === 'null' ? protocol : origin;
}
