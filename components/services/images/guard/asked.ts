import type { FastifyRequest } from 'fastify';
import type { Asked, Granted } from './decide';
import { looksLikeKey } from './key';
import { addressOf } from './routes';

/**
 * What a request tells of who sends it and for whom. Clients of Supabase send their key as `apikey`, and as a token too
 * while nobody is signed in: then it is no token. One of the platform's own API keys counts wherever it stands.
 */
export function askedBy(request: FastifyRequest): Asked {
  const authorization = header(request, 'authorization');
  const sent = header(request, 'apikey');
  const keys = [header(request, 'x-api-key'), looksLikeKey(sent) ? sent : ''];
  return {
    authorization: sent !== '' && authorization === `Bearer ${sent}` ? '' : authorization,
    // Two that differ are no key at all.
    apiKey: [...new Set(keys.filter((key) => key !== ''))].join(', '),
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
