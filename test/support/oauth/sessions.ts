import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Known {
  readonly userId: string;
  readonly password: string;
  /** The code of a second factor, where there is one. */
  readonly code?: string;
  readonly tenants: readonly { id: string; slug: string; name?: string; role: string }[];
}

/**
 * A stand-in for the sessions service: `POST /auth/login` and `GET /auth/tenants`, over people that a test makes up. It
 * answers the token service's shape, or GoTrue's.
 */
export class SessionsStandIn {
  readonly people = new Map<string, Known>();
  /** What `x-real-ip` said at each sign-in. */
  readonly addresses: string[] = [];
  shape: 'sessions' | 'gotrue' = 'sessions';
  broken = false;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SessionsStandIn> {
    const server = createServer();
    const made = new SessionsStandIn(server);
    server.on('request', (request, response) => {
      void made.answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage): Promise<[number, unknown]> {
    if (this.broken) return [500, {}];
    if (request.url === '/auth/tenants') {
      const email = request.headers.authorization?.replace('Bearer token-of-', '') ?? '';
      const person = this.people.get(email);
      return person ? [200, { tenants: person.tenants }] : [401, {}];
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { email, password, totp } = JSON.parse(Buffer.concat(chunks).toString()) as Record<
      string,
      string
    >;
    this.addresses.push(String(request.headers['x-real-ip']));
    const person = this.people.get(email ?? '');
    if (person?.password !== password) return [401, { error: { code: 'wrong_credentials' } }];
    if (person?.code !== undefined && person.code !== totp) {
      return [401, { error: { code: totp === undefined ? 'mfa_required' : 'wrong_credentials' } }];
    }
    const token = `token-of-${email ?? ''}`;
    const user = { id: person?.userId };
    return [
      200,
      this.shape === 'gotrue' ? { access_token: token, user } : { accessToken: token, user },
    ];
  }
}
