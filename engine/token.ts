import { SignJWT } from 'jose';
import {
  claimsFor,
  roles,
  type Identity,
  type Role,
} from '../components/services/images/shared/claims';

/** How tokens are signed: the stack's output `jwt`. */
export interface Signing {
  readonly algorithm: 'HS256';
  readonly key: string;
  readonly issuer: string;
  readonly audience: string;
}

/** A signed access token that ends after `minutes`. */
export function sign(identity: Identity, signing: Signing, minutes: number): Promise<string> {
  // Asked twice, the clock may say two things.
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claimsFor(identity))
    .setProtectedHeader({ alg: signing.algorithm, typ: 'JWT' })
    .setIssuer(signing.issuer)
    .setAudience(signing.audience)
    .setIssuedAt(now)
    .setExpirationTime(now + minutes * 60)
    .sign(new TextEncoder().encode(signing.key));
}

/** True when someone whose role is `own` may act as `wanted`. */
export function mayActAs(own: Role, wanted: Role): boolean {
  return roles.indexOf(wanted) <= roles.indexOf(own);
}
