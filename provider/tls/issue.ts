// @peculiar/x509 needs it to be there first.
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { messageOf } from '../../engine/errors';
import { alternativeNames } from './names';

const dayMs = 24 * 60 * 60 * 1000;
/** A clock that is a little behind still takes a new certificate. */
const backdatedMs = 60 * 60 * 1000;
const longestCommonName = 64;

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate and its key, both PEM; `expires` is ISO 8601. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly expires: string;
}

/** Who shows a certificate: it is good for nothing else. */
export const usages = ['server', 'client'] as const;
export type Usage = (typeof usages)[number];

/** Whether less than `days` are left. */
export function isDue(expires: string, days: number): boolean {
  return Date.parse(expires) - Date.now() < days * dayMs;
}

/** Makes an authority that signs certificates of servers and clients and no other authorities; with `key` a renewed one. */
export async function issueAuthority(name: string, days: number, key?: string): Promise<Issued> {
  const x509 = await import('@peculiar/x509');
  const keys = key === undefined ? await newKeys() : await keysOf(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    ...validity(days),
    signingAlgorithm: curve,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return issued(certificate.toString('pem'), certificate.notAfter, await pemOf(keys.privateKey));
}

/** Makes the certificate of a server, or of a client, signed by `authority`; its chain ends with that of the authority. */
export async function issueCertificate(
  names: readonly string[],
  days: number,
  authority: Pick<Issued, 'certificate' | 'key'>,
  usage: Usage = 'server',
): Promise<Issued> {
  const x509 = await import('@peculiar/x509');
  const use = {
    server: x509.ExtendedKeyUsage.serverAuth,
    client: x509.ExtendedKeyUsage.clientAuth,
  };
  const issuer = new x509.X509Certificate(authority.certificate);
  const { privateKey: signingKey, publicKey: issuerKey } = await keysOf(authority.key);
  const keys = await newKeys();
  const { notBefore, notAfter } = validity(days);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [names.find((name) => name.length <= longestCommonName) ?? 'strata'] }],
    issuer: issuer.subjectName,
    notBefore,
    // One that outlives its authority would be refused without a word about it.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    signingAlgorithm: curve,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([use[usage]]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuerKey),
    ],
  });
  const chain = `${certificate.toString('pem')}\n${authority.certificate}`;
  return issued(chain, certificate.notAfter, await pemOf(keys.privateKey));
}

/** Why a certificate and a key are no authority that can sign; undefined when they are. Nothing of the key is told. */
export function authorityProblem(certificate: string, key: string): string | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch (error) {
    return `is not a certificate in PEM: ${messageOf(error)}`;
  }
  if (!parsed.ca) return 'is not the certificate of an authority';
  if (isDue(parsed.validToDate.toISOString(), 0)) return `has expired on ${parsed.validTo}`;
  try {
    const privateKey = createPrivateKey(key);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
      return 'has a key that is not an EC key of P-256';
    }
    return parsed.checkPrivateKey(privateKey) ? undefined : 'does not belong to authorityKey';
  } catch {
    return 'has a key that is not PEM';
  }
}

function issued(certificate: string, notAfter: Date, key: string): Issued {
  return { certificate: `${certificate.trim()}\n`, key, expires: notAfter.toISOString() };
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const begin = Date.now() - backdatedMs;
  return { notBefore: new Date(begin), notAfter: new Date(begin + days * dayMs) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
}

/** Both keys of a private key in PEM. */
async function keysOf(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(pem);
  const { subtle } = webcrypto;
  const { d: _d, ...publicHalf } = key.export({ format: 'jwk' });
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return {
    privateKey: await subtle.importKey('pkcs8', der, curve, true, ['sign']),
    publicKey: await subtle.importKey('jwk', publicHalf, curve, true, ['verify']),
  };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}
