import type * as pulumi from '@pulumi/pulumi';
import { Authority, Certificate } from '../../provider/sdk';
import { everyLink, wayIn, wayOut } from '../links/names';
import type { CertificatePart, SecretSource, Service } from '../services/service';
import { sources } from '../services/sources';
import { names } from './names';

/** The platform's own authority and the certificates that it signed. */
export interface Certificates {
  readonly authority: pulumi.Output<string>;
  of(host: string, part: CertificatePart): pulumi.Output<string>;
}

/**
 * Makes an authority and a certificate for each host name that a service asks for, as children of `parent`; nothing
 * when none asks. `publicNames` are those under which the gateway is reached from outside, `links` the hosts of links
 * between servers.
 */
export function certificates(
  services: readonly Service[],
  publicNames: readonly string[],
  links: readonly string[],
  parent: pulumi.Resource,
): Certificates {
  const hosts = certificateNames(services, publicNames, links);
  if (Object.keys(hosts).length === 0 && !services.some(asksAuthority)) return none;

  // Clients were told to trust it: another one would lock them out.
  const authority = new Authority(names.authority, {}, { parent, protect: true });
  const made = new Map(
    Object.entries(hosts).map(([host, called]) => [
      host,
      new Certificate(
        names.certificate(host),
        {
          authority: authority.certificate,
          authorityKey: authority.key,
          names: called,
          ...(host === wayOut && { usage: 'client' as const }),
        },
        { parent },
      ),
    ]),
  );
  return {
    authority: authority.certificate,
    of(host, part) {
      const certificate = made.get(host);
      if (!certificate) throw new Error(`no service asks for a certificate of ${host}`);
      return part === 'expires' ? certificate.expires.apply(inSeconds) : certificate[part];
    },
  };
}

/** A time in ISO 8601 as seconds since 1970. */
export function inSeconds(time: string): string {
  return String(Math.floor(Date.parse(time) / 1000));
}

/** Host that a service or a link asks a certificate for → the names in it; the gateway has those of outside too. */
export function certificateNames(
  services: readonly Service[],
  publicNames: readonly string[],
  links: readonly string[] = [],
): Record<string, string[]> {
  const hosts = [...new Set([...services.flatMap(sources).flatMap(hostOf), ...links])].sort();
  return Object.fromEntries(hosts.map((host) => [host, namesOf(host, publicNames)]));
}

function namesOf(host: string, publicNames: readonly string[]): string[] {
  if (host === wayIn) return [everyLink];
  if (host === wayOut) return [wayOut];
  const called = [host, 'localhost', '127.0.0.1', ...(host === 'gateway' ? publicNames : [])];
  return [...new Set(called)];
}

const none: Certificates = {
  get authority(): never {
    throw new Error('no service asks for a certificate, so there is no authority');
  },
  of: (host) => {
    throw new Error(`no service asks for a certificate of ${host}`);
  },
};

function hostOf(source: SecretSource): string[] {
  return 'certificate' in source ? [source.certificate] : [];
}

function asksAuthority(service: Service): boolean {
  return sources(service).some((source) => 'authority' in source);
}
