import type { IncomingMessage } from 'node:http';
import type { Asked, Granted } from './decide';
import { looksLikeKey } from './key';
import { addressOf } from './routes';

/** A request as fastify has it, or one that becomes a socket. */
type Request = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Headers of the client that a service behind may see; all others end here. */
const passed = [
  'accept',
  'accept-language',
  'content-type',
  'user-agent',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const;

/**
 * What a request tells of who sends it and for whom. Clients of Supabase send their key as `apikey`, and as a token too
 * while nobody is signed in: then it is no token. One of the platform's own API keys counts wherever it stands.
 */
export function askedBy(request: Request): Asked {
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
export function header({ headers }: Pick<Request, 'headers'>, name: string): string {
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

/** What a service behind sees of a request: some of its headers, and who sends it. */
export function passedHeaders(request: Request, granted: Granted): Record<string, string> {
  return {
    ...Object.fromEntries(
      passed.flatMap((name) => {
        const value = header(request, name);
        return value === '' ? [] : [[name, value]];
      }),
    ),
    ...callerHeaders(granted),
  };
}
