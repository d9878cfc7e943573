import { createHmac } from 'node:crypto';

/**
 * What is derived from the one master secret, so that no database of secrets is needed. Each use has a label of its
 * own: none of them tells anything about another one or about the master.
 */
function derive(master: string, label: string, subject: string): Buffer {
  return createHmac('sha256', master).update(`strata storage ${label} v1\0${subject}`).digest();
}

/** A tenant's key to the object store, in the form that Garage imports: GK and 24 hex digits, 64 hex digits. */
export function tenantKey(
  master: string,
  tenantId: string,
): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  return {
    accessKeyId: `GK${derive(master, 'key id', tenantId).toString('hex').slice(0, 24)}`,
    secretAccessKey: derive(master, 'key secret', tenantId).toString('hex'),
  };
}

/** What signed links are signed with. */
export function linkKey(master: string): Uint8Array {
  return derive(master, 'links', '');
}
