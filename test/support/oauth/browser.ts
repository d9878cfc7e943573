import type { IncomingHttpHeaders } from 'node:http';
import { ask, type Answer } from '../guard/ask';

/**
 * A browser as far as the pages need one: it keeps cookies by their paths, follows redirects within the issuer, and says
 * the origin with each form.
 */
export class Browser {
  /** Name and path → value. */
  readonly cookies = new Map<string, string>();
  /** The last page's path. */
  at = '';
  origin: string | undefined;

  constructor(
    private readonly port: number,
    private readonly issuer: string,
  ) {
    this.origin = new URL(issuer).origin;
  }

  /** Opens a path or a URL of the issuer and follows redirects; the last answer, which may lead elsewhere. */
  async open(to: string): Promise<Answer> {
    return this.follow(to, { method: 'GET' });
  }

  /** Sends the form of the page that is open. */
  async send(fields: Readonly<Record<string, string>>): Promise<Answer> {
    return this.follow(this.at, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(this.origin !== undefined && { origin: this.origin }),
      },
    });
  }

  private async follow(
    to: string,
    question: { method: string; body?: string; headers?: Record<string, string> },
  ): Promise<Answer> {
    const { origin } = new URL(this.issuer);
    let asking = question;
    let url = new URL(to, origin);
    for (let hops = 0; hops < 10; hops += 1) {
      this.at = url.pathname + url.search;
      const answer = await ask(this.port, this.at, {
        ...asking,
        headers: {
          accept: 'text/html',
          cookie: this.cookieFor(url.pathname),
          'x-real-ip': '192.0.2.7',
          ...asking.headers,
        },
      });
      this.keep(answer.headers, url.pathname);
      const { location } = answer.headers;
      if (location === undefined) return answer;
      const next = new URL(location, url);
      if (next.origin !== origin) return answer;
      url = next;
      asking = { method: 'GET' };
    }
    throw new Error('too many redirects');
  }

  private cookieFor(pathname: string): string {
    return [...this.cookies]
      .filter(([name]) => pathname.startsWith(name.split('|')[1] ?? '/'))
      .map(([name, value]) => `${name.split('|')[0] ?? ''}=${value}`)
      .join('; ');
  }

  private keep(headers: IncomingHttpHeaders, pathname: string): void {
    for (const line of headers['set-cookie'] ?? []) {
      const [pair = '', ...attributes] = line.split(/; */);
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const where = attributes.find((each) => each.startsWith('path='))?.slice(5) ?? pathname;
      if (value === '') this.cookies.delete(`${name}|${where}`);
      else this.cookies.set(`${name}|${where}`, value);
    }
  }
}
