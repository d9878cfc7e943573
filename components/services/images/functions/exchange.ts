import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Refusal } from '../shared/refusal';

/** Between two neighbours only, by RFC 9110. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Its host is of no meaning: callers may write what they like there. */
const base = 'http://functions';

/** The path as functions are found by it: percent signs and dots resolved as `Request` does. */
export function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '';
  if (!target.startsWith('/') || !URL.canParse(base + target)) {
    throw new Refusal(400, 'bad_request', 'the path of this request cannot be read');
  }
  return new URL(base + target).pathname;
}

/**
 * The request as a function sees it, with its whole body. Throws `Refusal` when the body is longer than `mostBytes`
 * or the request is nothing that the Web's `Request` can hold.
 */
export async function webRequest(
  request: IncomingMessage,
  mostBytes: number,
  signal: AbortSignal,
): Promise<Request> {
  const body = await bodyOf(request, mostBytes);
  const { method = 'GET' } = request;
  try {
    return new Request(base + (request.url ?? ''), {
      method,
      headers: headersOf(request),
      signal,
      ...(method !== 'GET' && method !== 'HEAD' && { body }),
    });
  } catch {
    throw new Refusal(400, 'bad_request', 'this method or these headers cannot be read');
  }
}

/** Sends what a function answered; ends the connection when that takes longer than `signal` lets it. */
export async function send(
  response: ServerResponse,
  answer: Response,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, value] of answer.headers) {
    if (!hopByHop.has(name) && name !== 'set-cookie') response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.writeHead(answer.status);
  if (!answer.body) {
    response.end();
    return;
  }
  await pipeline(Readable.fromWeb(answer.body as never), response, { signal });
}

/** An error as every door of the platform tells it. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  const { status, code, message, headers } = refusal;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) {
    if (name !== 'x-request-id') response.removeHeader(name);
  }
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ error: { code, message } }));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    // What the gateway says of the caller is not verified here; the token is, and the context says what it holds.
    const kept = !hopByHop.has(name.toLowerCase()) && !name.toLowerCase().startsWith('x-strata-');
    if (kept) headers.append(name, value);
  }
  return headers;
}

async function bodyOf(request: IncomingMessage, mostBytes: number): Promise<Buffer<ArrayBuffer>> {
  const tooLong = new Refusal(
    413,
    'body_too_large',
    `a body may have ${String(mostBytes)} bytes at most`,
    { connection: 'close' },
  );
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw tooLong;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw tooLong;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
