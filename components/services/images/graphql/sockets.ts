import type { Server } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { makeGraphQLWSConfig, type GrafservBase } from 'postgraphile/grafserv';
import { GraphQLError } from 'postgraphile/graphql';
import { WebSocketServer } from 'ws';
import { Refusal } from '../shared/refusal';
import { timerAt } from '../shared/timer';
import { TokenError } from '../shared/token';
import type { Admission } from './admission';

interface Options {
  readonly serv: GrafservBase;
  readonly admission: Admission;
  readonly path: string;
  /** The largest message. */
  readonly maxBytes: number;
}

/**
 * Takes GraphQL over sockets (`graphql-transport-ws`) at one path of a server. The guard before it decides who gets here;
 * nevertheless the token in `connection_init` (`{ headers: { Authorization } }`) is verified, again for each operation, and
 * no socket outlives it. Answers with what ends all sockets.
 */
export function serveSockets(
  server: Server,
  { serv, admission, path, maxBytes }: Options,
): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxBytes,
    perMessageDeflate: false,
  });
  const graphql = makeGraphQLWSConfig(serv);
  const { dispose } = useServer(
    {
      ...graphql,
      async onConnect({ extra: { request, socket }, connectionParams }) {
        try {
          const endsAt = await admission.admit(request, authorizationOf(connectionParams));
          const end = (): void => socket.close(4403, 'token expired');
          const timer = timerAt(endsAt, end);
          socket.once('close', () => clearTimeout(timer));
          return true;
        } catch {
          return false;
        }
      },
      async onSubscribe(context, id, payload) {
        try {
          const { extra, connectionParams } = context;
          await admission.admit(extra.request, authorizationOf(connectionParams));
        } catch (error) {
          return [refusal(error)];
        }
        return graphql.onSubscribe?.(context, id, payload);
      },
    },
    sockets,
  );
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== path) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit('connection', opened, request);
    });
  });
  return async () => dispose();
}

function authorizationOf(params: Readonly<Record<string, unknown>> | undefined): string {
  const headers = params?.headers as Readonly<Record<string, unknown>> | null | undefined;
  const authorization = headers?.Authorization;
  return typeof authorization === 'string' ? authorization : '';
}

function refusal(error: unknown): GraphQLError {
  const known = error instanceof Refusal || error instanceof TokenError;
  return new GraphQLError(known ? error.message : 'the token could not be verified', {
    extensions: { code: error instanceof Refusal ? error.code : 'UNAUTHENTICATED' },
  });
}
