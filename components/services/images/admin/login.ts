import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a request carries the operators' login, as the gateway has asked for it. The gateway has checked it already;
 * other containers of the network reach this program without the gateway, and are let in no more than anybody.
 */
export function isOperator(authorization: string | undefined, password: string): boolean {
  const wanted = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`;
  return timingSafeEqual(digest(authorization ?? ''), digest(wanted));
}

/** Of equal length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
