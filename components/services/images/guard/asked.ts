import type { FastifyRequest } from 'fastify';
import type { Asked, Granted } from './decide';
import { addressOf } from './routes';

/** What a request tells of who sends it and for whom. */
export function askedBy(request: FastifyRequest): Asked {
  return {
    authorization: header(request, 'authorization'),
    apiKey: header(request, 'x-api-key'),
    address: addressOf(header(request, 'x-real-ip'), request.socket.remoteAddress),
    tenants: [
      header(request, 'x-tenant-host'),
      header(request, 'x-tenant-path'),
      header(request, 'x-tenant'),
    ],
  };
}

/** One header as text; empty when there is none. */
export function header({ headers }: FastifyRequest, name: string): string {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** What the services behind are told of the caller. */
export function callerHeaders({ session }: Granted): Record<string, string> {
  return {
    'x-strata-tenant': session.tenantId,
    'x-strata-user': session.userId,
    'x-strata-role': session.role,
    'x-strata-scopes': session.scopes?.join(' ') ?? '',
  };
}
