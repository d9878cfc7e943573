import { createHash, randomBytes } from 'node:crypto';
import type { OauthConfig } from '../../../components/services/images/oauth/config';
import { scopes } from '../../../components/services/scopes';
import type { Person } from '../../sql/support/world';
import { ask, type Answer } from '../guard/ask';
import { GuardWorld, issuer as tokenIssuer } from '../guard/world';
import { Browser } from './browser';
import { startOauth, type OauthProcess, type OauthSettings } from './process';
import { SessionsStandIn } from './sessions';

export const issuer = 'https://example.test/oauth';

export const secret = 'ab'.repeat(32);

export const clientSecrets = {
  CLIENT_SECRET_MACHINE: 'm'.repeat(40),
  CLIENT_SECRET_OTHER: 'o'.repeat(40),
  CLIENT_SECRET_SHOP: 's/+ %:'.replaceAll(' ', '').repeat(8),
} as const;

/** Its name is an attack on every page that shows it. */
export const hostileName = `<img src=x onerror=alert(1)> "shop" & 'co'`;

const clients: OauthConfig['clients'] = [
  {
    id: 'machine',
    name: 'machine',
    secret: 'CLIENT_SECRET_MACHINE',
    redirectUris: [],
    grants: ['client_credentials'],
    scopes: ['storage:read', 'graphql:read'],
    firstParty: true,
    acts: { tenant: 'acme', role: 'member' },
  },
  {
    id: 'other',
    name: 'other',
    secret: 'CLIENT_SECRET_OTHER',
    redirectUris: ['https://other.test/back'],
    grants: ['client_credentials', 'authorization_code', 'refresh_token'],
    scopes: ['openid', ...scopes],
    firstParty: false,
    acts: { tenant: 'globex', role: 'admin' },
  },
  {
    id: 'shop',
    name: hostileName,
    secret: 'CLIENT_SECRET_SHOP',
    redirectUris: ['https://shop.test/back?of=us'],
    grants: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'storage:read', 'storage:write'],
    firstParty: false,
  },
  {
    id: 'app',
    name: 'Our app',
    redirectUris: ['https://app.test/back', 'org.example.app:/back'],
    grants: ['authorization_code', 'refresh_token', 'password'],
    scopes: ['openid', 'storage:read', 'storage:write'],
    firstParty: true,
  },
];

/** What a token endpoint says. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly error?: string;
  readonly error_description?: string;
}

/** A verifier and its challenge. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** An OAuth server with all that it needs, for real but for the sessions service. */
export class OauthWorld {
  private readonly servers: OauthProcess[] = [];

  private constructor(
    readonly guarded: GuardWorld,
    readonly sessions: SessionsStandIn,
  ) {}

  static async start(): Promise<OauthWorld> {
    const guarded = await GuardWorld.start();
    const world = new OauthWorld(guarded, await SessionsStandIn.start());
    const { ann, bob, gus } = guarded.people;
    world.admit('ann@example.test', ann);
    world.admit('bob@example.test', bob, { code: '123456' });
    world.admit('gus@example.test', gus);
    return world;
  }

  /** Makes somebody known to the stand-in of the sessions service. */
  admit(
    email: string,
    { id, role, tenant }: Pick<Person, 'id' | 'role' | 'tenant'>,
    more: { readonly code?: string; readonly password?: string } = {},
  ): void {
    const slug = tenant === this.guarded.people.acme.id ? 'acme' : 'globex';
    this.sessions.people.set(email, {
      userId: id,
      password: more.password ?? 'right',
      ...(more.code !== undefined && { code: more.code }),
      tenants: [{ id: tenant, slug, role }],
    });
  }

  async oauth(changes: Partial<OauthConfig> = {}, more: Partial<OauthSettings> = {}) {
    const server = await startOauth({
      config: {
        issuer,
        tokens: { issuer: tokenIssuer.issuer, audience: tokenIssuer.audience },
        scopes: [...scopes],
        sessions: this.sessions.url,
        clients,
        ...changes,
      },
      secret,
      jwtKey: tokenIssuer.key,
      redisUrl: this.guarded.redis.urlOf('oauth'),
      databaseUrl: this.guarded.server.url('strata_oauth', 'guarded'),
      clientSecrets,
      ...more,
    });
    this.servers.push(server);
    return server;
  }

  /** The names of tokens that were revoked. */
  async revoked(): Promise<string[]> {
    const { rows } = await this.guarded.admin.query<{ name: string }>(
      'select name from registry.revocations',
    );
    return rows.map(({ name }) => name);
  }

  async stop(): Promise<void> {
    for (const { child } of this.servers) child.kill('SIGKILL');
    await Promise.all(this.servers.map(({ ended }) => ended));
    this.sessions.stop();
    await this.guarded.stop();
  }
}

type Fields = Readonly<Record<string, string | undefined>>;

function given(fields: Fields): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
}

/** Sends a form to an endpoint of the server, as a client. */
export async function post(
  { port }: OauthProcess,
  path: string,
  fields: Fields,
  {
    basic,
    address = '192.0.2.9',
  }: { readonly basic?: readonly [string, string]; readonly address?: string } = {},
): Promise<Answer> {
  const form = new URLSearchParams(given(fields));
  const [id, password] = (basic ?? ['', '']).map(encodeURIComponent);
  return ask(port, `/oauth${path}`, {
    method: 'POST',
    body: form.toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'x-real-ip': address,
      ...(basic && {
        authorization: `Basic ${Buffer.from(`${id ?? ''}:${password ?? ''}`).toString('base64')}`,
      }),
    },
  });
}

/** The same, of the token endpoint. */
export async function tokens(
  ...args: [OauthProcess, Fields, Parameters<typeof post>[3]?]
): Promise<Tokens> {
  const [server, fields, options] = args;
  return JSON.parse((await post(server, '/token', fields, options)).body) as Tokens;
}

export const as = {
  machine: { basic: ['machine', clientSecrets.CLIENT_SECRET_MACHINE] },
  other: { basic: ['other', clientSecrets.CLIENT_SECRET_OTHER] },
  shop: { basic: ['shop', clientSecrets.CLIENT_SECRET_SHOP] },
} as const;

interface Authorization {
  readonly client?: string;
  readonly scope?: string;
  readonly redirectUri?: string;
  readonly challenge?: string | undefined;
  readonly more?: Fields;
}

/** The address at which an authorization begins. */
export function authorizeUrl({
  client = 'app',
  scope = 'openid storage:read',
  redirectUri = 'https://app.test/back',
  challenge,
  more = {},
}: Authorization): string {
  const url = new URL(`${issuer}/auth`);
  const fields: Fields = {
    client_id: client,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: 'a state',
    ...(challenge !== undefined && { code_challenge: challenge, code_challenge_method: 'S256' }),
    ...more,
  };
  for (const [name, value] of given(fields)) url.searchParams.set(name, value);
  return url.href;
}

/** Signs in at the page and lets the client in; where the browser is led at last. */
export async function authorize(
  server: OauthProcess,
  authorization: Authorization,
  email = 'ann@example.test',
): Promise<URL> {
  const browser = new Browser(server.port, issuer);
  const page = await browser.open(authorizeUrl(authorization));
  if (page.headers.location !== undefined) return new URL(page.headers.location);
  let answer = await browser.send({ action: 'sign-in', email, password: 'right' });
  if (answer.headers.location === undefined) {
    const [, tenant = ''] = /name="tenant" value="([^"]*)"/.exec(answer.body) ?? [];
    answer = await browser.send({ action: 'allow', tenant });
  }
  if (answer.headers.location === undefined) throw new Error(`no way on: ${answer.body}`);
  return new URL(answer.headers.location);
}

/** A code, and the verifier that goes with it. */
export async function codeFor(
  server: OauthProcess,
  authorization: Authorization = {},
  email?: string,
): Promise<{ code: string; verifier: string }> {
  const { verifier, challenge } = pkce();
  const to = await authorize(server, { challenge, ...authorization }, email);
  const code = to.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${to.href}`);
  return { code, verifier };
}

/** Tokens of the first-party public client `app`. */
export async function signedIn(server: OauthProcess, scope?: string): Promise<Tokens> {
  const { code, verifier } = await codeFor(server, scope === undefined ? {} : { scope });
  return tokens(server, {
    grant_type: 'authorization_code',
    client_id: 'app',
    redirect_uri: 'https://app.test/back',
    code,
    code_verifier: verifier,
  });
}
