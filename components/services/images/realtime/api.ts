import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import { shownBy, type Admission, type Member } from './admission';
import type { RealtimeConfig } from './config';
import type { Content } from './frames';
import { channelName, eventName, read } from './messages';
import type { Rate } from './rate';
import { rightsIn } from './rules';
import type { Rooms } from './rooms';

interface Parts {
  readonly config: RealtimeConfig;
  readonly admission: Admission;
  readonly rooms: Rooms;
  readonly tenants: Rate;
}

type Message = { readonly name: string; readonly event: string } & Content;

const batch = z.object({
  messages: z
    .array(z.object({ topic: z.string(), event: eventName, payload: z.unknown().optional() }))
    .max(100),
});

/**
 * Broadcasts by HTTP, as upstream's client sends them: several at `/api/broadcast`, one at
 * `/api/broadcast/<channel>/events/<event>`; answered by 202. Who sends is asked of the guard again: every container of
 * the network can open this port.
 */
export function broadcastApi(app: FastifyInstance, base: string, parts: Parts): void {
  app.post(`${base}/broadcast`, async (request, reply) => {
    const { messages } = read(batch, request.body, 'batch of messages');
    const said = messages.map(({ topic, event: name, payload }) => ({
      name: channelName(topic),
      event: name,
      payload,
    }));
    await send(request, said, parts);
    return reply.code(202).send();
  });
  app.post<{ Params: { channel: string; event: string } }>(
    `${base}/broadcast/:channel/events/:event`,
    async (request, reply) => {
      const { params, body } = request;
      const content: Content = Buffer.isBuffer(body) ? { bytes: body } : { payload: body };
      const name = channelName(params.channel);
      await send(
        request,
        [{ name, event: read(eventName, params.event, 'event'), ...content }],
        parts,
      );
      return reply.code(202).send();
    },
  );
}

/** All of them, or none where one is not allowed. */
async function send(
  request: FastifyRequest,
  messages: readonly Message[],
  { config, admission, rooms, tenants }: Parts,
): Promise<void> {
  const { tenantId, ...member } = await memberOf(request, admission);
  for (const { name } of messages) {
    if (rightsIn(config.channels, name, { tenantId, ...member }).send) continue;
    throw new Refusal(403, 'sending_refused', `you may not say anything in "${name}"`);
  }
  if (!tenants.take(tenantId, messages.length)) {
    throw new Refusal(429, 'rate_limited', 'too many messages in one second: send fewer', {
      'retry-after': '1',
    });
  }
  for (const { name, ...said } of messages) {
    const message = { kind: 'broadcast', from: '', at: Date.now(), ...said } as const;
    await rooms.say({ tenantId, name }, message);
  }
}

async function memberOf(request: FastifyRequest, admission: Admission): Promise<Member> {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token) return admission.still(shownBy(request, token));
  throw new Refusal(401, 'credentials_missing', 'an access token is required');
}
