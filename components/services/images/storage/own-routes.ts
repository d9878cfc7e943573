import type { FastifyInstance, FastifyRequest } from 'fastify';
import { opens } from '../../scopes';
import { sessionOf, verifyToken } from '../shared/token';
import type { Parts } from './app';
import type { Actor } from './database';
import { create, find, list } from './files';
import { signLink } from './links';
import { Refusal } from '../shared/refusal';
import { notFound } from './refusal';
import { cursor, readId, readInline, readLink, readNewFile, readPage } from './requests';
import { send } from './send';
import { remove, upload } from './upload';
import { view } from './views';

/** How long an upload link counts, as long as a file that was announced waits; seconds. */
const uploadLinkSeconds = 900;

type Acting = Required<Actor>;

/** What a member of a tenant does with its files: every request has an access token. */
export function ownRoutes(parts: Parts) {
  const { database, rules, linkKey, metrics } = parts;

  return async (server: FastifyInstance): Promise<void> => {
    const actors = new WeakMap<FastifyRequest, Acting>();
    server.addHook('onRequest', async (request, reply) => {
      actors.set(request, await acting(parts, request));
      reply.headers({ 'cache-control': 'private, no-cache', vary: 'Authorization' });
    });
    const actorOf = (request: FastifyRequest): Acting => {
      const actor = actors.get(request);
      if (!actor) throw new Error('this request was not verified');
      return actor;
    };

    server.post('/files', async (request, reply) => {
      const actor = actorOf(request);
      const wanted = readNewFile(request.body, rules);
      const file = await database.asTenant(actor, async (sql, slug) => {
        const row = await create(sql, wanted);
        return row && view(row, slug, rules);
      });
      if (!file) throw new Error('the new row was not returned');
      const link = { method: 'PUT', fileId: file.id, actor, inline: false } as const;
      const token = await signLink(linkKey, link, uploadLinkSeconds);
      return reply.code(201).send({
        file,
        upload: { method: 'PUT', url: signedUrl(file.id, token), seconds: uploadLinkSeconds },
      });
    });

    server.get('/files', async (request) => {
      const { limit, after } = readPage(request.query);
      return database.asTenant(actorOf(request), async (sql, slug) => {
        const rows = await list(sql, limit, after);
        const last = rows.at(-1);
        return {
          files: rows.map((row) => view(row, slug, rules)),
          next: rows.length === limit && last ? cursor(last) : null,
        };
      });
    });

    server.get('/files/:id', async (request) => {
      const id = readId(request);
      return database.asTenant(actorOf(request), async (sql, slug) => {
        const row = await find(sql, id);
        if (!row) throw notFound();
        return { file: view(row, slug, rules) };
      });
    });

    server.get('/files/:id/content', async (request, reply) => {
      const inline = readInline(request.query);
      const file = await readable(actorOf(request), readId(request));
      return send(parts, file, inline, request, reply);
    });

    server.post('/files/:id/links', async (request, reply) => {
      const actor = actorOf(request);
      const { seconds, inline } = readLink(request.body);
      const { id } = await readable(actor, readId(request));
      const token = await signLink(linkKey, { method: 'GET', fileId: id, actor, inline }, seconds);
      return reply.code(201).send({ method: 'GET', url: signedUrl(id, token), seconds });
    });

    server.delete('/files/:id', async (request, reply) => {
      await remove(parts, actorOf(request), readId(request));
      return reply.code(204).send();
    });

    await server.register((raw: FastifyInstance, _options, done) => {
      takeAnyContent(raw);
      raw.put('/files/:id/content', async (request) => {
        const actor = actorOf(request);
        const file = await upload(parts, actor, readId(request), request.raw, rules.uploadSeconds);
        metrics.moved('in', file.size);
        return database.asTenant(actor, (_sql, slug) =>
          Promise.resolve({ file: view(file, slug, rules) }),
        );
      });
      done();
    });
  };

  function readable(actor: Acting, id: string) {
    return database.asTenant(actor, async (sql) => {
      const row = await find(sql, id);
      if (!row || (row.status !== 'ready' && row.status !== 'missing')) throw notFound();
      return row;
    });
  }

  function signedUrl(id: string, token: string): string {
    return `${rules.publicUrl}/storage/signed/${id}?token=${token}`;
  }
}

/** Content of any type comes as it is: it is streamed, never parsed. */
export function takeAnyContent(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
}

/** Whose request this is, by its own token: the gateway's headers are not asked. */
async function acting({ tokens }: Parts, request: FastifyRequest): Promise<Acting> {
  const session = sessionOf(await verifyToken(request.headers.authorization, tokens));
  request.tenant = session.tenantId;
  request.user = session.userId;
  const action = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  if (session.scopes && !opens(session.scopes, 'storage', action)) {
    throw new Refusal(403, 'scope_missing', `the API key has no scope storage:${action}`);
  }
  return session;
}
