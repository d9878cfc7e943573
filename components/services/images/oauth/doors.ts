import type { Middleware } from './provider';
import type { ParsedUrlQuery } from 'node:querystring';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { TokenError, verifyToken, type TokenRules } from '../shared/token';
import { Refusal } from '../shared/refusal';
import { mint } from './access-token';
import { addressOf } from './address';
import type { ClientConfig } from './config';
import type { Failures } from './failures';
import { field, readForm } from './form';
import type { Metrics } from './metrics';
import { paths } from './paths';

interface Doors {
  readonly provider: Provider;
  readonly clients: ReadonlyMap<string, ClientConfig>;
  readonly failures: Pick<Failures, 'mayTryClient' | 'clientFailed'>;
  readonly metrics: Metrics;
  readonly rules: TokenRules;
}

/**
 * What stands around the three endpoints where clients prove who they are: it counts wrong secrets, hands out the
 * platform's access tokens in the place of oidc-provider's, and takes them back in.
 */
export function doors(parts: Doors): Middleware {
  const known = new Set<string>(Object.values(paths));
  return async (context, next) => {
    if (context.method !== 'POST' || !known.has(context.path)) {
      await next();
      return;
    }
    const form = await readForm(context.req);
    const client = clientNamed(context.get('authorization'), form);
    const address = addressOf(context.req);
    // There is nothing to guess of a client that is not there, and no counter for each name that somebody makes up.
    const counted = client !== undefined && parts.clients.has(client) ? client : undefined;
    if (counted !== undefined) await admit(parts, counted, address, context.path);
    if (context.path !== paths.token) await takeBack(form, parts.rules);
    Object.assign(context.req, { body: form });
    await next();
    if (context.status === 401 && counted !== undefined) {
      await parts.failures.clientFailed(counted, address);
    }
    if (context.status === 200 && context.path === paths.token) {
      await handOut(parts, context as unknown as KoaContextWithOIDC);
    }
  };
}

async function admit(
  { failures, metrics }: Doors,
  client: string,
  address: string,
  path: string,
): Promise<void> {
  try {
    await failures.mayTryClient(client, address);
  } catch (error) {
    if (error instanceof Refusal) metrics.refused(path.slice(1), error.code, client);
    throw error;
  }
}

/** The id that a client says, however it proves it. */
function clientNamed(authorization: string, form: ParsedUrlQuery): string | undefined {
  const [, encoded] = /^basic ([\w+/=]+)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return field(form, 'client_id');
  const [name = ''] = Buffer.from(encoded, 'base64').toString().split(':', 1);
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** oidc-provider knows an access token by its id; what is no token of ours becomes the id of none. */
async function takeBack(form: ParsedUrlQuery, rules: TokenRules): Promise<void> {
  const token = field(form, 'token');
  if (!token?.includes('.')) return;
  form.token = await verifyToken(`Bearer ${token}`, rules).then(
    ({ jti }) => jti ?? 'none',
    (error: unknown) => {
      if (error instanceof TokenError) return 'none';
      throw error;
    },
  );
}

/** Puts the platform's token in the place of the id that oidc-provider gave it. */
async function handOut(
  { provider, metrics, rules }: Doors,
  context: KoaContextWithOIDC,
): Promise<void> {
  const { entities, params, client } = context.oidc;
  const made = entities.AccessToken ?? entities.ClientCredentials;
  if (!made) throw new Error('an answer without a token');
  // As it was kept: when its grant ended in between, it is not there, and nothing is handed out.
  const model = made.kind === 'AccessToken' ? provider.AccessToken : provider.ClientCredentials;
  const kept = await model.find<typeof made>(made.jti);
  if (!kept) {
    const { error, error_description } = new errors.InvalidGrant('the grant was revoked');
    context.status = 400;
    context.body = { error, error_description };
    return;
  }
  Object.assign(context.body as object, { access_token: await mint(kept, rules) });
  metrics.issued(String(params?.grant_type), client?.clientId ?? '');
}
