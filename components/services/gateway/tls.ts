import type { GatewaySettings } from '../../settings/gateway';
import type { SecretSource } from '../service';
import type { Layout } from './input';
import { file, map } from './text';

/** The certificate and its key as one file, so that one rename changes both (images/acme writes it). */
export const acmeFile = 'gateway.pem';

/** The secrets that hold the certificate; with ACME they are files of a volume. */
export function tlsSecrets({ tls }: GatewaySettings): Record<string, SecretSource> {
  const pair = sources(tls);
  return pair ? { CERTIFICATE: pair.certificate, CERTIFICATE_KEY: pair.key } : {};
}

function sources(
  tls: GatewaySettings['tls'],
): { certificate: SecretSource; key: SecretSource } | undefined {
  if (tls.mode === 'acme') return undefined;
  if (tls.mode === 'local') return localCertificate;
  // The settings refuse mode own without both names.
  return { certificate: { config: tls.certificate ?? '' }, key: { config: tls.key ?? '' } };
}

/** The certificate that the platform's own authority signs: for the domain and all below it. */
export const localCertificate = {
  certificate: { certificate: 'gateway', part: 'certificate' },
  key: { certificate: 'gateway', part: 'key' },
} as const;

/** tls.conf: versions, ciphers (Mozilla's "intermediate", version 5.7) and the certificate. */
export function tls(settings: GatewaySettings, layout: Layout): string {
  return file(
    '# TLS: 1.2 with forward secrecy and authenticated ciphers, and 1.3.',
    'ssl_protocols TLSv1.2 TLSv1.3;',
    `ssl_ciphers ${ciphers.join(':')};`,
    'ssl_prefer_server_ciphers off;',
    'ssl_session_cache shared:tls:10m;',
    'ssl_session_timeout 1h;',
    '# nginx does not change the key of tickets: who got it could read all that was recorded.',
    'ssl_session_tickets off;',
    '',
    settings.tls.mode === 'acme' ? fromVolume(layout) : fromSecrets(layout),
  );
}

/** A name with a variable in it is read at each handshake: a renewed certificate needs no reload. */
function fromVolume({ certificates }: Layout): string[] {
  return [
    '# Read at each handshake: a renewed certificate needs no reload.',
    ...map('$ssl_server_name', '$certificate', { default: `${certificates}/${acmeFile}` }),
    'ssl_certificate $certificate;',
    'ssl_certificate_key $certificate;',
  ];
}

function fromSecrets({ secrets }: Layout): string[] {
  return [
    `ssl_certificate ${secrets}/CERTIFICATE;`,
    `ssl_certificate_key ${secrets}/CERTIFICATE_KEY;`,
  ];
}

const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
