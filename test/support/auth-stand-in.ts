import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { claimsNamespace, forge, type Issuer } from './forge';

/** A request as the stand-in got it. */
export interface AuthRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly bytes: number;
}

export interface AuthReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string | string[]>;
}

export interface AuthUser {
  readonly id: string;
  email: string;
  password: string;
  verified: boolean;
  metadata: Record<string, unknown>;
}

interface SignIn {
  readonly id: string;
  readonly user: AuthUser;
  refreshToken: string;
}

/** Where a stand-in listens. */
interface Place {
  readonly host: string;
  readonly port: number;
}

const anywhere: Place = { host: '127.0.0.1', port: 0 };

type Handler = (request: AuthRequest) => AuthReply | undefined;

/**
 * What both stand-ins have: users, sign-ins with refresh tokens that rotate, and a record of what was asked. It is no auth
 * service: it knows the paths that the tests use, as upstream's documents describe them.
 */
export abstract class AuthStandIn {
  readonly received: AuthRequest[] = [];
  readonly users: AuthUser[] = [];
  /** The claims of the next tokens, changed; the key they are signed with. */
  claims: (usual: Record<string, unknown>) => Record<string, unknown> = (usual) => usual;
  key: string;
  algorithm: 'HS256' | 'HS512' | 'none' = 'HS256';
  /** Answers in the place of the stand-in where it says something. */
  instead: Handler = () => undefined;
  /** What comes of a new account before it is answered: a mail, say. */
  signedUp: (user: AuthUser) => Promise<void> = () => Promise.resolve();
  /** How long an answer is held back: a gate that a test opens. */
  gate: Promise<void> = Promise.resolve();
  protected readonly signIns: SignIn[] = [];
  private readonly server: Server;

  protected constructor(protected readonly issuer: Issuer) {
    this.key = issuer.key;
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const url = new URL(request.url ?? '', 'http://stand-in');
        const text = Buffer.concat(chunks).toString();
        const asked: AuthRequest = {
          method: request.method ?? '',
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          body: parse(text),
          bytes: text.length,
        };
        this.received.push(asked);
        void this.gate.then(async () => {
          const before = this.users.length;
          const {
            status,
            body,
            headers = {},
          } = this.instead(asked) ??
            this.answer(asked) ?? { status: 404, body: { message: 'not found' } };
          for (const user of this.users.slice(before)) await this.signedUp(user);
          response.writeHead(status, { 'content-type': 'application/json', ...headers });
          response.end(body === undefined ? undefined : JSON.stringify(body));
        });
      });
    });
  }

  protected listen({ host, port }: Place): Promise<this> {
    return new Promise((resolve) => {
      this.server.listen(port, host, () => {
        resolve(this);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** As at first, with its users. */
  reset(): void {
    this.received.length = 0;
    this.claims = (usual) => usual;
    this.key = this.issuer.key;
    this.algorithm = 'HS256';
    this.instead = () => undefined;
    this.gate = Promise.resolve();
  }

  add(email: string, { verified = true, metadata = {} } = {}): AuthUser {
    const user = { id: randomUUID(), email, password: 'correct horse', verified, metadata };
    this.users.push(user);
    return user;
  }

  /** How many sign-ins a user has. */
  signInsOf(user: AuthUser): number {
    return this.signIns.filter((one) => one.user === user).length;
  }

  protected abstract answer(request: AuthRequest): AuthReply | undefined;

  protected begin(user: AuthUser): SignIn {
    const signIn = { id: randomUUID(), user, refreshToken: this.newRefreshToken() };
    this.signIns.push(signIn);
    return signIn;
  }

  /** The old token counts no more. */
  protected rotate(refreshToken: unknown): SignIn | undefined {
    const found = this.signIns.find((one) => one.refreshToken === refreshToken);
    if (found) found.refreshToken = this.newRefreshToken();
    return found;
  }

  protected end(which: (signIn: SignIn) => boolean): void {
    const kept = this.signIns.filter((one) => !which(one));
    this.signIns.splice(0, this.signIns.length, ...kept);
  }

  protected abstract newRefreshToken(): string;

  protected token(usual: Record<string, unknown>): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = this.claims({ iss: this.issuer.issuer, iat: now, exp: now + 900, ...usual });
    return forge({ alg: this.algorithm }, claims, this.algorithm === 'none' ? undefined : this.key);
  }

  /** The claims of a bearer that the stand-in itself would take. */
  protected bearer({ headers }: AuthRequest): Record<string, unknown> | undefined {
    const [head = '', body = '', signature = ''] = (headers.authorization ?? '')
      .replace(/^Bearer /, '')
      .split('.');
    const made = createHmac('sha256', this.issuer.key).update(`${head}.${body}`).digest();
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== made.length || !timingSafeEqual(given, made)) return undefined;
    const claims = parse(Buffer.from(body, 'base64url').toString());
    const ended = (claims.exp as number) * 1000 < Date.now();
    return claims.iss === this.issuer.issuer && !ended ? claims : undefined;
  }

  protected userOf(claims: Record<string, unknown> | undefined): AuthUser | undefined {
    return this.users.find(({ id }) => id === claims?.sub);
  }

  protected checked({ email, password }: Record<string, unknown>): AuthUser | undefined {
    return this.users.find((one) => one.email === email && one.password === password);
  }
}

/** Stands in for nhost's Hasura Auth: docs/openapi.yaml of nhost/nhost services/auth at 0b084abd. */
export class HasuraAuthStandIn extends AuthStandIn {
  static start(issuer: Issuer, place = anywhere): Promise<HasuraAuthStandIn> {
    return new HasuraAuthStandIn(issuer).listen(place);
  }

  protected newRefreshToken(): string {
    return randomUUID();
  }

  protected answer(request: AuthRequest): AuthReply | undefined {
    const { method, path, body, query } = request;
    switch (`${method} ${path}`) {
      case 'POST /signup/email-password': {
        if (this.users.some(({ email }) => email === body.email)) {
          return refused(409, 'email-already-in-use');
        }
        this.add(String(body.email), { verified: false }).password = String(body.password);
        return { status: 200, body: { session: null } };
      }
      case 'POST /signin/email-password': {
        const user = this.checked(body);
        return user
          ? { status: 200, body: { session: this.session(this.begin(user)) } }
          : refused(401, 'invalid-email-password');
      }
      case 'POST /token': {
        const signIn = this.rotate(body.refreshToken);
        return signIn
          ? { status: 200, body: this.session(signIn) }
          : refused(401, 'invalid-refresh-token');
      }
      case 'POST /signout': {
        const user = this.userOf(this.bearer(request));
        if (body.all === true && !user) return refused(401, 'invalid-request');
        if (body.all !== true && body.refreshToken === undefined) {
          return refused(400, 'invalid-request');
        }
        this.end((one) =>
          body.all === true ? one.user === user : one.refreshToken === body.refreshToken,
        );
        return { status: 200, body: 'OK' };
      }
      case 'GET /user': {
        const user = this.userOf(this.bearer(request));
        return user ? { status: 200, body: shownByNhost(user) } : refused(401, 'invalid-request');
      }
      case 'POST /user/password/reset':
        return this.users.some(({ email }) => email === body.email)
          ? { status: 200, body: 'OK' }
          : refused(400, 'user-not-found');
      case 'POST /user/password': {
        const user = this.userOf(this.bearer(request));
        if (!user) return refused(401, 'invalid-request');
        user.password = String(body.newPassword);
        return { status: 200, body: 'OK' };
      }
      case 'GET /verify': {
        const user = this.users.find(({ id }) => id === query.get('ticket'));
        const target = new URL(query.get('redirectTo') ?? '');
        if (!user || target.hostname !== 'app.example.org') {
          return refused(400, 'redirectTo-not-allowed');
        }
        user.verified = true;
        target.searchParams.set('refreshToken', this.begin(user).refreshToken);
        return { status: 302, headers: { location: target.href } };
      }
      case 'GET /.well-known/jwks.json':
        return { status: 200, body: { keys: [] } };
    }
    return undefined;
  }

  private session(signIn: SignIn): Record<string, unknown> {
    const { user, id, refreshToken } = signIn;
    return {
      accessToken: this.token({
        sub: user.id,
        [claimsNamespace]: {
          'x-hasura-allowed-roles': ['me', 'user'],
          'x-hasura-default-role': 'user',
          'x-hasura-user-id': user.id,
          'x-hasura-user-is-anonymous': 'false',
        },
      }),
      accessTokenExpiresIn: 900,
      refreshToken,
      refreshTokenId: id,
      user: shownByNhost(user),
    };
  }
}

/** Stands in for Supabase's GoTrue: internal/api/api.go and internal/tokens/service.go of supabase/auth at 01951a48. */
export class GoTrueStandIn extends AuthStandIn {
  static start(issuer: Issuer, place = anywhere): Promise<GoTrueStandIn> {
    return new GoTrueStandIn(issuer).listen(place);
  }

  protected newRefreshToken(): string {
    return randomBytes(9).toString('hex');
  }

  protected answer(request: AuthRequest): AuthReply | undefined {
    const { method, path, body, query } = request;
    switch (`${method} ${path}`) {
      case 'POST /signup': {
        const user = this.add(String(body.email), { verified: false });
        user.password = String(body.password);
        return { status: 200, body: shownByGoTrue(user) };
      }
      case 'POST /token':
        return query.get('grant_type') === 'refresh_token'
          ? this.sessionOr(this.rotate(body.refresh_token), 'refresh_token_not_found')
          : this.sessionOr(this.signInOf(body), 'invalid_credentials');
      case 'POST /logout': {
        const claims = this.bearer(request);
        const user = this.userOf(claims);
        if (!user) return rejected(401, 'bad_jwt');
        const scope = query.get('scope') ?? 'global';
        this.end(
          (one) =>
            one.user === user &&
            (scope === 'global' || (one.id === claims?.session_id) === (scope === 'local')),
        );
        return { status: 204 };
      }
      case 'GET /user': {
        const user = this.userOf(this.bearer(request));
        return user ? { status: 200, body: shownByGoTrue(user) } : rejected(403, 'bad_jwt');
      }
      case 'POST /recover':
        return { status: 200, body: {} };
      case 'GET /verify': {
        const user = this.users.find(({ id }) => id === query.get('token'));
        if (!user) return rejected(403, 'otp_expired');
        user.verified = true;
        const { access_token, refresh_token } = this.session(this.begin(user));
        const words = new URLSearchParams({
          access_token: String(access_token),
          refresh_token: String(refresh_token),
          expires_in: '900',
          token_type: 'bearer',
          type: 'signup',
        });
        return {
          status: 303,
          headers: { location: `https://app.example.org/#${words.toString()}` },
        };
      }
      case 'GET /.well-known/jwks.json':
        return { status: 200, body: { keys: [] } };
    }
    return undefined;
  }

  private signInOf(body: Record<string, unknown>): SignIn | undefined {
    const user = this.checked(body);
    return user && this.begin(user);
  }

  private sessionOr(signIn: SignIn | undefined, code: string): AuthReply {
    return signIn ? { status: 200, body: this.session(signIn) } : rejected(400, code);
  }

  private session({ user, id, refreshToken }: SignIn): Record<string, unknown> {
    return {
      access_token: this.token({
        aud: this.issuer.audience,
        sub: user.id,
        email: user.email,
        phone: '',
        app_metadata: { provider: 'email' },
        user_metadata: user.metadata,
        role: 'authenticated',
        aal: 'aal1',
        amr: [{ method: 'password', timestamp: Math.floor(Date.now() / 1000) }],
        session_id: id,
        is_anonymous: false,
      }),
      token_type: 'bearer',
      expires_in: 900,
      expires_at: Math.floor(Date.now() / 1000) + 900,
      refresh_token: refreshToken,
      user: shownByGoTrue(user),
    };
  }
}

function shownByNhost(user: AuthUser): Record<string, unknown> {
  return {
    id: user.id,
    email: user.email,
    emailVerified: user.verified,
    displayName: user.email,
    defaultRole: 'user',
    roles: ['me', 'user'],
    isAnonymous: false,
    metadata: user.metadata,
    locale: 'en',
    avatarUrl: '',
    phoneNumberVerified: false,
    createdAt: '2026-01-01T00:00:00Z',
  };
}

function shownByGoTrue(user: AuthUser): Record<string, unknown> {
  return {
    id: user.id,
    aud: 'strata',
    role: 'authenticated',
    email: user.email,
    ...(user.verified && { email_confirmed_at: '2026-01-01T00:00:00Z' }),
    app_metadata: { provider: 'email' },
    user_metadata: user.metadata,
    created_at: '2026-01-01T00:00:00Z',
  };
}

function refused(status: number, error: string): AuthReply {
  return { status, body: { status, message: error.replaceAll('-', ' '), error } };
}

function rejected(status: number, error_code: string): AuthReply {
  return { status, body: { code: status, error_code, msg: error_code.replaceAll('_', ' ') } };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
