import { ask, type Answer } from './guard/ask';

interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** What a page in a browser does: it says where it comes from, and keeps cookies that its scripts do not see. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(
    private readonly port: number,
    /** Of the page; undefined of a program that is no browser. */
    public origin: string | undefined = 'https://app.example.org',
    public host = 'api.example.org',
  ) {}

  async send(path: string, { method = 'POST', headers = {}, body }: Sending = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await ask(this.port, path, {
      method,
      headers: {
        host: this.host,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.origin !== undefined && { origin: this.origin }),
        ...(cookie !== '' && { cookie }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
    return answer;
  }

  /** `fetch` of a page, for clients of other makers. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(
      new Headers(init?.headers ?? (input instanceof Request ? input.headers : {})),
    );
    const { body } = init ?? {};
    const {
      status,
      headers: given,
      body: text,
    } = await this.send(`${url.pathname}${url.search}`, {
      method: init?.method ?? (input instanceof Request ? input.method : 'GET'),
      headers,
      ...(typeof body === 'string' && { body }),
    });
    return new Response(status === 204 ? null : text, {
      status,
      // A script sees no Set-Cookie.
      headers: { 'content-type': given['content-type'] ?? 'text/plain' },
    });
  };

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** A body that is JSON. */
export function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body === '' ? '{}' : answer.body) as Record<string, unknown>;
}
