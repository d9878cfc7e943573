import type { FastifyReply } from 'fastify';
import type { Granted } from './decide';
import type { Refusal } from './refusal';

/** What a service of the platform that keeps connections is told of somebody who may have one. */
export interface Told {
  /** UUID. */
  readonly tenantId: string;
  /** UUID. */
  readonly userId: string;
  readonly role: 'tenant_admin' | 'tenant_member';
  /** Of an API key. */
  readonly scopes?: readonly string[];
  /** What sockets are counted by: the user, or the API key. */
  readonly caller: string;
  /** When the token or the key ends, in milliseconds since 1970. */
  readonly endsAt: number;
}

/** The answer at `/session/admit`, which counts as a request, and at `/session/still`, which does not. */
export function told({ session, counted, endsAt }: Omit<Granted, 'rate'>): Told {
  const { tenantId, userId, role, scopes } = session;
  return { tenantId, userId, role, ...(scopes && { scopes }), caller: counted.caller, endsAt };
}

/** Who asks is a service, which tells its client in its own words. */
export function refuseSession(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, reason, message, headers } = refusal;
  return reply
    .code(status)
    .headers(headers)
    .send({ error: { code: reason, message } });
}
