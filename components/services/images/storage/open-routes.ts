import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Parts } from './app';
import { find, findPublic } from './files';
import { verifyLink } from './links';
import { takeAnyContent } from './own-routes';
import { notFound } from './refusal';
import { readId, readToken } from './requests';
import { send } from './send';
import { upload } from './upload';

/** What needs no access token: signed links, and files that their owners made public. */
export function openRoutes(parts: Parts) {
  const { database, rules, linkKey, metrics } = parts;

  return async (server: FastifyInstance): Promise<void> => {
    server.get('/storage/signed/:id', async (request, reply) => {
      const link = await verifyLink(linkKey, readToken(request.query), 'GET', readId(request));
      request.tenant = link.actor.tenantId;
      const file = await database.asTenant(link.actor, (sql, slug) => {
        requireAddressOf(slug, request);
        return find(sql, link.fileId);
      });
      if (!file || (file.status !== 'ready' && file.status !== 'missing')) throw notFound();
      reply.headers({ 'cache-control': 'private, no-cache', 'referrer-policy': 'no-referrer' });
      return send(parts, file, link.inline, request, reply);
    });

    server.get('/cdn/:tenant/:id', async (request, reply) => {
      const { success, data } = z
        .object({ tenant: z.string().regex(/^[a-z0-9-]{1,63}$/) })
        .safeParse(request.params);
      if (!success) throw notFound();
      const id = readId(request);
      const file = await database.asService((sql) => findPublic(sql, data.tenant, id));
      if (!file) throw notFound();
      request.tenant = file.tenantId;
      reply.headers({
        'cache-control': 'public, max-age=300',
        'cross-origin-resource-policy': 'cross-origin',
        'access-control-allow-origin': '*',
      });
      return send(parts, file, true, request, reply);
    });

    await server.register((raw: FastifyInstance, _options, done) => {
      takeAnyContent(raw);
      raw.put('/storage/signed/:id', async (request) => {
        const link = await verifyLink(linkKey, readToken(request.query), 'PUT', readId(request));
        request.tenant = link.actor.tenantId;
        await database.asTenant(link.actor, (_sql, slug) => {
          requireAddressOf(slug, request);
          return Promise.resolve();
        });
        const seconds = rules.uploadSeconds;
        const { id, size, sha256, status } = await upload(
          parts,
          link.actor,
          link.fileId,
          request.raw,
          seconds,
        );
        metrics.moved('in', size);
        return { file: { id, size, sha256, status } };
      });
      done();
    });
  };
}

/**
 * A link is its tenant's alone, so at another tenant's address there is no such file: what is opened there would count as
 * that tenant's. The gateway says which tenant the address names; it lets nobody else say so.
 */
function requireAddressOf(slug: string, { headers }: FastifyRequest): void {
  for (const named of [headers['x-tenant-host'], headers['x-tenant-path']]) {
    if (named !== undefined && named !== '' && named !== slug) throw notFound();
  }
}
