import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import type { Running } from './nginx';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly host?: string;
  /** Whom to shake hands with: the host when not given, nobody when empty. */
  readonly servername?: string;
  /** Plain http instead. */
  readonly plain?: boolean;
  /** Another port than that of https. */
  readonly port?: number;
  /** The address that the client has. */
  readonly from?: string;
}

/** Asks the gateway; the path is sent as it stands. */
export function ask(gateway: Running, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, host = 'api.example.org', plain, from } = question;
  const port = question.port ?? (plain ? gateway.http : gateway.https);
  const make = plain ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const request = make(
      {
        host: '127.0.0.1',
        port,
        servername: question.servername ?? host.split(':')[0] ?? host,
        rejectUnauthorized: false,
        agent: false,
        localAddress: from ?? '127.0.0.1',
        method,
        path,
        headers: { host, ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The error code of a refusal. */
export function code({ body }: Answer): string {
  const { error, errors } = JSON.parse(body) as {
    error?: { code: string };
    errors?: { extensions: { code: string } }[];
  };
  return error?.code ?? `graphql:${errors?.[0]?.extensions.code ?? ''}`;
}

/** Sends bytes as they are, over TLS, and returns everything that comes back until the end. */
export function raw(
  gateway: Running,
  text: string,
  servername = 'api.example.org',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: gateway.https,
      servername,
      rejectUnauthorized: false,
    });
    let received = '';
    socket.once('secureConnect', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}
