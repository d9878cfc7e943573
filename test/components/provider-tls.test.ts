import { execFile } from 'node:child_process';
import { X509Certificate, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { authority, type AuthorityState } from '../../provider/tls/authority';
import { certificate, type CertificateState } from '../../provider/tls/certificate';
import { namesInput } from '../../provider/tls/names';
import { contextFor } from '../support/local';

const run = promisify(execFile);
const dayMs = 24 * 60 * 60 * 1000;
const names = ['gateway', 'api.example.com', '*.example.com', '127.0.0.1', '::1'];

let folder: string;
let root: AuthorityState;
let leaf: CertificateState;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-tls-'));
  root = (await authority.create({}, contextFor('authority'))).state;
  leaf = await signed(names);
  writeFileSync(path.join(folder, 'ca.pem'), root.certificate);
  writeFileSync(path.join(folder, 'chain.pem'), leaf.certificate);
  writeFileSync(path.join(folder, 'key.pem'), leaf.key);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function signed(wanted: string[], by = root): Promise<CertificateState> {
  const inputs = { authority: by.certificate, authorityKey: by.key, names: wanted };
  return (await certificate.create(inputs, contextFor('gateway'))).state;
}

async function openssl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('openssl', args, { cwd: folder });
  return stdout + stderr;
}

/** A handshake with a server that shows the certificate; the error of a client that refuses it. */
async function handshake(asked: string, shown = leaf): Promise<string> {
  const server = tls.createServer({ cert: shown.certificate, key: shown.key });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const isAddress = /^[\d.]+$|:/.test(asked);
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    ca: root.certificate,
    ...(!isAddress && { servername: asked }),
    checkServerIdentity: (_, peer) => tls.checkServerIdentity(asked, peer),
  });
  try {
    await once(client, 'secureConnect');
    return `${client.getProtocol() ?? ''} ${String(client.getPeerCertificate().subject.CN)}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.destroy();
    server.close();
  }
}

describe('an authority', () => {
  test('signs certificates of servers and no other authorities, for ten years', async () => {
    const text = await openssl('x509', '-in', 'ca.pem', '-noout', '-text');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
    expect(text).toContain('NIST CURVE: P-256');
    expect(text).toMatch(/Subject: CN ?= ?Strata test/);
    const days = (Date.parse(root.expires) - Date.now()) / dayMs;
    expect(Math.round(days)).toBe(3650);
  });

  test('is renewed in good time, with the key that its certificates were signed by', async () => {
    expect(authority.diff(root, {})).toEqual({});
    const old = { ...root, expires: new Date(Date.now() + 2 * 397 * dayMs - dayMs).toISOString() };
    expect(authority.diff(old, {})).toEqual({ expires: 'update' });
    const renewed = (await authority.update?.('', old, {}, contextFor('authority'))) ?? root;
    expect(renewed.key).toBe(root.key);
    expect(renewed.certificate).not.toBe(root.certificate);
    const server = new X509Certificate(leaf.certificate);
    expect(server.checkIssued(new X509Certificate(renewed.certificate))).toBe(true);
    expect(server.verify(createPublicKey(renewed.certificate))).toBe(true);
  });

  test('another name makes another authority', () => {
    expect(authority.diff(root, { name: 'Acme' })).toEqual({ name: 'replace' });
  });
});

describe('a certificate', () => {
  test('is one of a server, by the names and addresses it was asked for, for 397 days', async () => {
    expect(
      await openssl(
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-CAfile',
        'ca.pem',
        'chain.pem',
      ),
    ).toBe('chain.pem: OK\n');
    const parsed = new X509Certificate(leaf.certificate);
    expect(parsed.subjectAltName?.split(', ')).toEqual([
      'DNS:gateway',
      'DNS:api.example.com',
      'DNS:*.example.com',
      'IP Address:127.0.0.1',
      'IP Address:0:0:0:0:0:0:0:1',
    ]);
    const text = await openssl('x509', '-in', 'chain.pem', '-noout', '-text');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication\n/);
    expect(Math.round((Date.parse(leaf.expires) - Date.now()) / dayMs)).toBe(397);
    expect(leaf.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(leaf.certificate.endsWith(root.certificate)).toBe(true);
    expect(leaf.certificate).not.toContain('PRIVATE');
  });

  test('is one of a client alone where that was asked for', async () => {
    const inputs = { authority: root.certificate, authorityKey: root.key, names: ['worker'] };
    const { state } = await certificate.create(
      { ...inputs, usage: 'client' },
      contextFor('worker'),
    );
    writeFileSync(path.join(folder, 'client.pem'), state.certificate);
    const text = await openssl('x509', '-in', 'client.pem', '-noout', '-text');
    expect(text).toMatch(/Extended Key Usage:\s+TLS Web Client Authentication\n/);
    const purposes = ['sslclient', 'sslserver'].map((purpose) =>
      openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', 'ca.pem', 'client.pem'),
    );
    expect((await Promise.allSettled(purposes)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
    ]);
    expect(certificate.diff(state, inputs)).toEqual({ usage: 'update' });
    expect(certificate.diff(state, { ...inputs, usage: 'client' })).toEqual({});
  });

  test('a client accepts it for those names and no other', async () => {
    expect(await handshake('gateway')).toBe('TLSv1.3 gateway');
    expect(await handshake('tenant.example.com')).toBe('TLSv1.3 gateway');
    expect(await handshake('127.0.0.1')).toBe('TLSv1.3 gateway');
    expect(await handshake('evil.com')).toContain("does not match certificate's altnames");
    expect(await handshake('127.0.0.2')).toContain("127.0.0.2 is not in the cert's list");
  });

  test('curl accepts it, and refuses one of another authority', async () => {
    const server = tls.createServer({ cert: leaf.certificate, key: leaf.key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (ca: string) =>
      run('curl', [
        '-sS',
        '--noproxy',
        '*',
        '--cacert',
        ca,
        '--resolve',
        `gateway:${port}:127.0.0.1`,
        `https://gateway:${port}/`,
      ]);
    const other = (await authority.create({}, contextFor('authority'))).state;
    writeFileSync(path.join(folder, 'other.pem'), other.certificate);
    expect((await ask(path.join(folder, 'ca.pem'))).stdout).toBe('ok');
    await expect(ask(path.join(folder, 'other.pem'))).rejects.toThrow(/certificate/);
    server.close();
  });

  test('the first up that finds less than 30 days left renews it, with a new key', async () => {
    const inputs = { authority: root.certificate, authorityKey: root.key, names };
    expect(certificate.diff(leaf, inputs)).toEqual({});
    vi.useFakeTimers({ now: Date.parse(leaf.expires) - 30 * dayMs - 1000, toFake: ['Date'] });
    try {
      expect(certificate.diff(leaf, inputs)).toEqual({});
      vi.setSystemTime(Date.parse(leaf.expires) - 30 * dayMs + 1000);
      expect(certificate.diff(leaf, inputs)).toEqual({ expires: 'update' });
      const renewed = await certificate.update?.('', leaf, inputs, contextFor('gateway'));
      expect(renewed?.key).not.toBe(leaf.key);
      expect(Date.parse(renewed?.expires ?? '')).toBeGreaterThan(Date.parse(leaf.expires));
      expect(certificate.diff(renewed ?? leaf, inputs)).toEqual({});
    } finally {
      vi.useRealTimers();
    }
  });

  test('never outlives its authority', async () => {
    vi.useFakeTimers({ now: Date.parse(root.expires) - 10 * dayMs, toFake: ['Date'] });
    try {
      expect((await signed(['late'])).expires).toBe(root.expires);
    } finally {
      vi.useRealTimers();
    }
  });

  test('other names or another authority is another certificate', () => {
    const inputs = { authority: root.certificate, authorityKey: root.key, names };
    expect(certificate.diff(leaf, { ...inputs, names: ['gateway'] })).toEqual({ names: 'update' });
    expect(certificate.diff(leaf, { ...inputs, authority: 'x' })).toEqual({ authority: 'update' });
  });

  test('a key that does not belong to the authority is refused without a word of it', async () => {
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const authorityKey = foreign.export({ format: 'pem', type: 'pkcs8' }).toString();
    const check = async (inputs: { authority: string; authorityKey: string }) =>
      (await certificate.check?.({ ...inputs, names }, undefined, contextFor('gateway')))?.map(
        ({ reason }) => reason,
      );
    const own = { authority: root.certificate, authorityKey: root.key };
    expect(await check(own)).toEqual([]);
    expect(await check({ ...own, authorityKey })).toEqual([
      'authority does not belong to authorityKey',
    ]);
    expect(await check({ ...own, authorityKey: 'hunter2' })).toEqual([
      'authority has a key that is not PEM',
    ]);
    expect(await check({ authority: leaf.certificate, authorityKey: leaf.key })).toEqual([
      'authority is not the certificate of an authority',
    ]);
  });

  test.each([
    [[]],
    [['']],
    [['API.example.com']],
    [['*']],
    [['*.com']],
    [['a..b']],
    [['-a.example.com']],
    [['10.0.0.256']],
    [['example.com\nDNS:evil.com']],
    [['example.com\u0000.evil.com']],
    [['https://example.com']],
    [['a'.repeat(64)]],
    [['twice', 'twice']],
  ])('%j are no names of a certificate', (wanted) => {
    expect(namesInput.safeParse(wanted).success).toBe(false);
  });
});
