import { errors } from 'oidc-provider';
import { z } from 'zod';

const timeoutMs = 5_000;

/** What somebody signs in with; `code` of their second factor, if they were asked for it. */
export interface SignIn {
  readonly email: string;
  readonly password: string;
  readonly code?: string;
}

const tenant = z.object({
  id: z.uuid().toLowerCase(),
  slug: z.string(),
  name: z.string().optional(),
});

const signedIn = z.strictObject({ userId: z.uuid(), tenants: z.array(tenant) });

/** A tenant that somebody can choose. */
export type Choice = z.output<typeof tenant>;

/** Who signed in, and of which tenants they are a member. */
export type SignedIn = z.output<typeof signedIn>;

/** What was kept of a sign-in. */
export function readSignedIn(value: unknown): SignedIn | undefined {
  return signedIn.safeParse(value).data;
}

const session = z.object({ accessToken: z.string(), user: z.object({ id: z.uuid() }) });
/** GoTrue's words for the same. */
const gotrue = z
  .object({ access_token: z.string(), user: z.object({ id: z.uuid() }) })
  .transform(({ access_token, user }) => ({ accessToken: access_token, user }));
const answer = z.union([session, gotrue]);
const memberships = z.object({ tenants: z.array(tenant) });
const refusal = z.object({ error: z.object({ code: z.string() }) });

/**
 * People as the sessions service knows them (`POST /auth/login`, `GET /auth/tenants`). It asks the auth service that is
 * deployed; passwords are neither kept nor logged here.
 */
export class People {
  /** `sessions` is where the service answers, such as http://sessions:8200. */
  constructor(private readonly sessions: string) {}

  /**
   * Who signs in, `code` when their second factor is asked for too, `wrong` when they are nobody.
   * Throws an OAuth error when the service does not tell.
   */
  async signIn(given: SignIn, address: string): Promise<SignedIn | 'code' | 'wrong'> {
    const { email, password, code } = given;
    const said = await this.ask('/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-real-ip': address },
      body: JSON.stringify({ email, password, ...(code !== undefined && { totp: code }) }),
    });
    if (said.status !== 200) return refused(said);
    const { accessToken, user } = answer.parse(said.body);
    const listed = await this.ask('/auth/tenants', {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    if (listed.status !== 200) throw unavailable(`/auth/tenants: ${listed.status}`);
    const { tenants } = memberships.parse(listed.body);
    return { userId: user.id.toLowerCase(), tenants };
  }

  private async ask(path: string, init: RequestInit): Promise<Said> {
    try {
      const response = await fetch(new URL(path, this.sessions), {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      throw unavailable((error as Error).message);
    }
  }
}

interface Said {
  readonly status: number;
  readonly body: unknown;
}

function refused({ status, body }: Said): 'code' | 'wrong' {
  const code = refusal.safeParse(body).data?.error.code;
  if (code === 'mfa_required') return 'code';
  if ([400, 401, 403, 422].includes(status)) return 'wrong';
  throw unavailable(`/auth/login: ${status}`);
}

function unavailable(cause: string): Error {
  return Object.assign(
    new errors.TemporarilyUnavailable('signing in does not work now: try again later'),
    { cause: new Error(cause), status: 503, statusCode: 503 },
  );
}
