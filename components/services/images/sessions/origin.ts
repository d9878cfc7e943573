import type { FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import { header } from './inner';

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Where identity providers post a form from their own pages: what they bring is checked by its state. */
const comesFromElsewhere = /\/(?:callback|acs)$/;

/** Throws `Refusal` (403) when a page of a foreign origin wants to change something. */
export function requireNoForeignPage(
  request: FastifyRequest,
  path: string,
  origins: readonly string[],
): void {
  const origin = header(request, 'origin');
  if (origin === undefined || reading.has(request.method) || comesFromElsewhere.test(path)) return;
  if (!isAllowed(request, origin, origins)) throw foreign();
}

/**
 * Throws `Refusal` (403) unless the request says that it comes from a page that may use the cookie. A browser always says
 * so when something is posted; SameSite would let every host of the domain in.
 */
export function requireOwnPage(request: FastifyRequest, origins: readonly string[]): void {
  const origin = header(request, 'origin');
  if (reading.has(request.method) || origin === undefined || !isAllowed(request, origin, origins)) {
    throw foreign();
  }
}

function isAllowed(request: FastifyRequest, origin: string, origins: readonly string[]): boolean {
  return origins.includes(origin) || origin === ownOrigin(request);
}

/** As the gateway names it, which writes these headers itself. */
function ownOrigin(request: FastifyRequest): string {
  const host = (header(request, 'host') ?? '').replace(/:\d+$/, '').toLowerCase();
  const port = header(request, 'x-forwarded-port') ?? '443';
  return `https://${host}${port === '443' ? '' : `:${port}`}`;
}

function foreign(): Refusal {
  return new Refusal(
    403,
    'origin_not_allowed',
    'pages of this origin may not use the session: strata:gateway.cors.origins names those that may',
  );
}
