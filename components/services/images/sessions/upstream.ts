import { Agent, request } from 'undici';
import { Refusal } from '../shared/refusal';
import type { Question } from './dialect';

/** The largest body either way. */
export const mostBytes = 1_048_576;

/** Of a client's request nothing else goes further: neither its cookies nor what claims to be of the platform. */
const sent = [
  'accept',
  'accept-language',
  'content-type',
  'user-agent',
  'x-client-info',
  'x-supabase-api-version',
  'x-cf-turnstile-response',
  // Of the gateway, which writes them itself.
  'x-request-id',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
];

/** Of an answer nothing else comes back. */
const returned = [
  'content-type',
  'content-language',
  'location',
  'retry-after',
  'www-authenticate',
  'x-supabase-api-version',
  'x-total-count',
  'link',
];

export type Headers = Readonly<Record<string, string>>;

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

interface Asked extends Omit<Question, 'body'> {
  readonly headers: Headers;
  readonly body?: Buffer | undefined;
}

/** The auth service behind. */
export class Upstream {
  private readonly agent = new Agent({
    connections: 64,
    connect: { timeout: 2_000 },
    headersTimeout: 15_000,
    bodyTimeout: 15_000,
  });

  constructor(
    private readonly url: string,
    private readonly failed: (what: 'unavailable' | 'timeout' | 'too_large') => void,
  ) {}

  /** Throws `Refusal` (502, 504) when there is no answer that can be passed on. Follows no redirect. */
  async ask({ method, path, query, headers, body }: Asked): Promise<UpstreamAnswer> {
    const url = new URL(this.url);
    url.pathname = path;
    url.search = query ?? '';
    try {
      const answer = await request(url, {
        dispatcher: this.agent,
        method,
        headers,
        body: body ?? null,
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > mostBytes) throw new TooLarge();
        chunks.push(chunk);
      }
      return {
        status: answer.statusCode,
        headers: pick(answer.headers, returned),
        body: Buffer.concat(chunks),
      };
    } catch (error) {
      throw this.refusal(error as NodeJS.ErrnoException);
    }
  }

  /** The same with an object as JSON. */
  question({ body, ...question }: Question, headers: Headers): Promise<UpstreamAnswer> {
    const { 'content-type': _, ...others } = headers;
    return this.ask({
      ...question,
      headers: body ? { ...others, 'content-type': 'application/json' } : others,
      body: body && Buffer.from(JSON.stringify(body)),
    });
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  private refusal(error: NodeJS.ErrnoException): Refusal {
    if (error instanceof TooLarge) {
      this.failed('too_large');
      return new Refusal(502, 'upstream_invalid', 'the auth service’s answer is too large');
    }
    if ((error.code ?? '').includes('TIMEOUT') && !(error.code ?? '').includes('CONNECT')) {
      this.failed('timeout');
      return new Refusal(504, 'upstream_timeout', 'the auth service did not answer in time');
    }
    this.failed('unavailable');
    return new Refusal(502, 'upstream_unavailable', 'the auth service does not answer now');
  }
}

class TooLarge extends Error {}

/** What the upstream is told of a client's request; `bearer` is a token that was looked at. */
export function forwarded(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  bearer?: string,
): Headers {
  return {
    ...pick(headers, sent),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
}

function pick(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Headers {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
