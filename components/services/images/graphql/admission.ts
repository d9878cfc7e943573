import type { IncomingMessage } from 'node:http';
import { opens } from '../../scopes';
import { Refusal } from '../shared/refusal';
import type { Places } from '../shared/tenant-database/places';
import { sessionOf, verifyToken, type TokenRules } from '../shared/token';
import type { Admitted } from './preset';

/** Which requests and sockets may be answered, and as whom. */
export class Admission {
  private readonly admitted = new WeakMap<IncomingMessage, Admitted>();

  constructor(
    private readonly rules: TokenRules,
    private readonly places: Pick<Places, 'of'>,
  ) {}

  /** When the token ends, in milliseconds since 1970. Throws `TokenError`, or `Refusal`: 403 and 503. */
  async admit(request: IncomingMessage, authorization: string | undefined): Promise<number> {
    const payload = await verifyToken(authorization, this.rules);
    const session = sessionOf(payload);
    const { tenantId, scopes } = session;
    // To read is the least: every mutation answers with what it asks to read.
    if (scopes && !opens(scopes, 'graphql', 'read')) {
      throw new Refusal(403, 'scope_missing', 'the API key has no scope graphql:read');
    }
    this.admitted.set(request, { session, database: await this.places.of(tenantId) });
    return (payload.exp ?? 0) * 1000;
  }

  /** Undefined when nobody admitted it. */
  of(request: IncomingMessage): Admitted | undefined {
    return this.admitted.get(request);
  }
}
