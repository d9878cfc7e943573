import type { IncomingMessage } from 'node:http';
import { Pool } from 'undici';
import { z } from 'zod';
import { opens, type Action } from '../../scopes';
import { looksLikeKey } from '../guard/key';
import { Refusal } from '../shared/refusal';
import type { Session } from '../shared/token';

/** Somebody who may have a socket, as the guard has said. */
export interface Member extends Session {
  /** What sockets are counted by: the user, or the API key. */
  readonly caller: string;
  /** When the token or the key ends, in milliseconds since 1970. */
  readonly endsAt: number;
  /** Whether an API key opens this; a person's token opens everything. */
  readonly may: (area: 'graphql' | 'services', action: Action) => boolean;
}

/** What is shown to the guard: a credential, and for whom and from where the socket was opened. */
export type Shown = Readonly<Record<string, string>>;

/** How long the guard may take. */
const patienceMs = 3_000;

/** Headers of nginx' question that tell of whom a socket is and where it was opened. */
const passed = ['x-tenant-host', 'x-tenant-path', 'x-tenant', 'x-real-ip', 'x-request-id'] as const;

const told = z.object({
  tenantId: z.uuid(),
  userId: z.uuid(),
  role: z.enum(['tenant_admin', 'tenant_member']),
  scopes: z.array(z.string()).optional(),
  caller: z.string(),
  endsAt: z.number(),
});

const refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Asks the guard, the one judge of tokens and API keys, who somebody is and whether that one is still let in. */
export class Admission {
  private readonly guard: Pool;

  constructor(url: string) {
    this.guard = new Pool(url, {
      connections: 8,
      headersTimeout: patienceMs,
      bodyTimeout: patienceMs,
      connect: { timeout: patienceMs },
    });
  }

  /** Decides as on a request, and counts as one. Throws the guard's `Refusal`, or 503 when it does not answer. */
  admit(shown: Shown): Promise<Member> {
    return this.ask('/session/admit', shown);
  }

  /** The same of somebody who was let in; counts nothing. Throws as `admit`. */
  still(shown: Shown): Promise<Member> {
    return this.ask('/session/still', shown);
  }

  async close(): Promise<void> {
    await this.guard.destroy();
  }

  private async ask(path: string, headers: Shown): Promise<Member> {
    const { status, body } = await this.answer(path, headers);
    const refusal = refused.safeParse(body);
    if (status !== 200 && refusal.success) {
      const { code, message } = refusal.data.error;
      throw new Refusal(status, code, message);
    }
    const { success, data } = told.safeParse(body);
    if (status !== 200 || !success) throw unavailable();
    const { scopes } = data;
    return {
      ...data,
      scopes,
      may: (area, action) => scopes === undefined || opens(scopes, area, action),
    };
  }

  private async answer(
    path: string,
    headers: Shown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    try {
      const { statusCode, body } = await this.guard.request({ method: 'GET', path, headers });
      return { status: statusCode, body: await body.json() };
    } catch {
      throw unavailable();
    }
  }
}

/** What the guard is shown of a socket or a request with this credential: an access token, or an API key. */
export function shownBy(request: Pick<IncomingMessage, 'headers'>, credential: string): Shown {
  const about = passed.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return {
    ...Object.fromEntries(about),
    ...(looksLikeKey(credential)
      ? { 'x-api-key': credential }
      : { authorization: `Bearer ${credential}` }),
  };
}

function unavailable(): Refusal {
  return new Refusal(503, 'guard_unavailable', 'nobody can say now who you are: try again');
}
