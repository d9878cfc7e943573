import { randomBytes } from 'node:crypto';
import { inSeconds } from '../../components/data/certificates';
import type { SecretSource } from '../../components/services/service';
import { issueAuthority, issueCertificate, type Issued } from '../../provider/tls/issue';

/** Long enough that no alert says that it ends. */
const days = 40;

/** Values of secrets as a platform would make them, the same for the same source. */
export interface Values {
  readonly authority: Issued;
  /** From now on the value of `strata:secrets.<name>`. */
  set(name: string, value: string): void;
  (source: SecretSource): string;
}

/**
 * An authority, certificates for `hosts` (and this machine's loopback address), and a password for everything else.
 */
export async function madeUpValues(hosts: readonly string[]): Promise<Values> {
  const authority = await issueAuthority('Strata test', days);
  const certificates = new Map<string, Issued>();
  for (const host of hosts) {
    certificates.set(
      host,
      await issueCertificate([host, 'localhost', '127.0.0.1'], days, authority),
    );
  }
  const passwords = new Map<string, string>();
  const value = (source: SecretSource): string => {
    if ('authority' in source) return authority.certificate;
    if ('certificate' in source) {
      const made = certificates.get(source.certificate);
      if (!made) throw new Error(`no certificate of ${source.certificate}`);
      return source.part === 'expires' ? inSeconds(made.expires) : made[source.part];
    }
    const name = Object.values(source).join('-');
    const known = passwords.get(name) ?? randomBytes(20).toString('hex');
    passwords.set(name, known);
    return known;
  };
  return Object.assign(value, {
    authority,
    set: (name: string, to: string) => void passwords.set(name, to),
  });
}
