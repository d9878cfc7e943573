import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Scene } from './scene';

export interface Question {
  readonly method?: string;
  /** An access token. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent; an object as JSON. */
  readonly body?: unknown;
  /** The name that is asked for; `localhost` when not given. */
  readonly host?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The text read as JSON. */
  json(): unknown;
}

/** One request through the gateway, which has to prove itself by the platform's authority. */
export async function ask(scene: Scene, path: string, question: Question = {}): Promise<Answer> {
  const { method, token, headers, body, host = 'localhost' } = question;
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: scene.ports.https,
        path,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        ca: scene.outputs.authority,
        servername: host,
        agent: false,
        headers: {
          host,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(bytes)),
          }),
          ...headers,
        },
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body === undefined ? undefined : bytes);
  });
  const said = await text(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: said,
    json: () => JSON.parse(said) as unknown,
  };
}

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
}

/** A GraphQL request that has to work. */
export async function query(
  scene: Scene,
  token: string,
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const answer = await ask(scene, '/graphql', { token, body: { query: text, variables } });
  const { data, errors } = answer.json() as Result;
  if (!data || errors) throw new Error(`${String(answer.status)}: ${answer.text}`);
  return data;
}
