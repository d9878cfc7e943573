import { existsSync, readFileSync } from 'node:fs';
import { generate } from '../../provider/secrets/password';
import { isDue, issueAuthority, issueCertificate, type Issued } from '../../provider/tls/issue';
import { UserError } from '../errors';

const authorityDays = 3_650;
const certificateDays = 397;
const renewBelowDays = 30;

/** Generated values of a bundle: they open its data, so a second rendering finds them again. */
interface Kept {
  passwords: Record<string, string>;
  certificates: Record<string, Issued>;
}

/** The generated values of a bundle, made when they are first asked for. */
export class KeptValues {
  private constructor(private readonly kept: Kept) {}

  /** Those of an earlier rendering, if there was one. */
  static read(file: string): KeptValues {
    if (!existsSync(file)) return new KeptValues({ passwords: {}, certificates: {} });
    try {
      return new KeptValues(JSON.parse(readFileSync(file, 'utf8')) as Kept);
    } catch (error) {
      throw new UserError(
        `${file} holds the passwords of this bundle and cannot be read (${(error as Error).message}): ` +
          'put it back from a copy, because the data can be opened with nothing else.',
      );
    }
  }

  password(name: string, shape: { length: number; alphabet: 'letters' | 'hex' }): string {
    return (this.kept.passwords[name] ??= generate(shape.length, shape.alphabet));
  }

  /** Makes what is missing or about to expire; certificates can be asked for afterwards. */
  async issue(hosts: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const { certificates } = this.kept;
    const authority = certificates.authority ?? (await issueAuthority('Strata', authorityDays));
    certificates.authority = authority;
    for (const [host, names] of Object.entries(hosts)) {
      const made = certificates[host];
      if (made && !isDue(made.expires, renewBelowDays)) continue;
      certificates[host] = await issueCertificate(names, certificateDays, authority);
    }
  }

  certificate(host: string): Issued {
    const found = this.kept.certificates[host];
    if (!found) throw new Error(`no certificate was issued for ${host}`);
    return found;
  }

  /** To be written beside the bundle, for nobody else to read. */
  text(): string {
    return `${JSON.stringify(this.kept, null, 2)}\n`;
  }
}
