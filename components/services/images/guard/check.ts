import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerHeaders, header } from './asked';
import type { GuardConfig } from './config';
import { requirePlace, requireScope, type Granted } from './decide';
import type { Refusal } from './refusal';
import { areaOf, sharedTablesOnly, targetOf } from './routes';

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * What nginx asks before it passes a request on (`auth_request`): 204 with who it is, or a refusal. The request itself is
 * in `X-Original-Method`, `X-Original-URI`, `X-Original-Host`.
 */
export function check(
  request: FastifyRequest,
  reply: FastifyReply,
  granted: Granted,
  { routes }: GuardConfig,
): FastifyReply {
  const target = targetOf((name) => header(request, name));
  const area = areaOf(routes, target);
  requirePlace(granted, { sharedTablesOnly: sharedTablesOnly(routes, target) });
  const method = header(request, 'x-original-method');
  requireScope(granted, area, reading.has(method) ? 'read' : 'write');
  return reply
    .code(204)
    .headers({
      'x-strata-authorization': granted.authorization,
      ...callerHeaders(granted),
      ...granted.rate,
    })
    .send();
}

/** nginx takes 401 and 403 for an answer; what the client is to get stands beside it. */
export function refuseCheck(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, reason, message, headers } = refusal;
  return reply
    .code(status === 401 || status >= 500 ? status : 403)
    .headers({ ...headers, 'x-strata-status': String(status), 'x-strata-reason': reason })
    .send({ error: { code: reason, message } });
}
