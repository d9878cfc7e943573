import type { IncomingMessage } from 'node:http';
import { askedBy } from '../asked';
import type { GraphqlDoor } from '../config';
import {
  decide,
  requirePlace,
  requireScope,
  type Asked,
  type DecideParts,
  type Granted,
} from '../decide';
import { claimedBy } from './payload';

/** Somebody who may use a socket. */
export interface Admitted {
  /** What it was decided by; asked again while the socket lives. */
  readonly asked: Asked;
  readonly granted: Granted;
}

/**
 * Decides on a socket as on a request: by the payload of `connection_init`, and by the tenant that the upgrade names. A
 * header of the upgrade is no credential: a page cannot send one, and cookies would let foreign pages speak for people.
 * Throws `Refusal`.
 */
export async function admit(
  payload: unknown,
  { door, request }: { readonly door: GraphqlDoor; readonly request: IncomingMessage },
  parts: DecideParts,
  onTenant: Parameters<typeof decide>[2],
): Promise<Admitted> {
  const { tenant, ...credentials } = claimedBy(payload);
  const upgrade = askedBy(request);
  const asked = { ...upgrade, ...credentials, tenants: [...upgrade.tenants, tenant] };
  const granted = await decide(asked, parts, onTenant);
  requirePlace(granted, door);
  requireScope(granted, 'graphql', 'read');
  return { asked, granted: { ...granted, ...(await parts.authenticator.forSocket(granted)) } };
}
