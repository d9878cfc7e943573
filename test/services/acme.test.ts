import { buildSync } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, readdirSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNames, type Names } from '../support/gateway/names';
import {
  handOver,
  noNginx,
  selfSigned,
  startNginx,
  unprivileged,
  type Running,
} from '../support/gateway/nginx';
import { noPebble, startPebble, type Pebble } from '../support/gateway/pebble';
import { gatewayInput, service } from '../support/gateway/platform';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';
import { freePort } from '../support/ports';

const missing = noNginx ?? noPebble;
const title = missing
  ? `certificates of an ACME authority (skipped: ${missing})`
  : 'certificates of an ACME authority: real pebble, real nginx';

const lifeSeconds = 12;

describe.skipIf(missing !== undefined)(title, () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'strata-acme-'));
  const certificates = path.join(home, 'certificates');
  const program = path.join(home, 'server.cjs');
  let pebble: Pebble;
  let gateway: Running;
  let app: StandIn;
  let names: Names;
  let acme: ChildProcess;
  let acmePort: number;
  let said = '';

  beforeAll(async () => {
    mkdirSync(certificates);
    selfSigned(home, 'example.org');
    buildSync({
      entryPoints: ['components/services/images/acme/server.ts'],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      outfile: program,
      logLevel: 'silent',
    });
    const http = await freePort();
    acmePort = await freePort();
    pebble = await startPebble(http, lifeSeconds);
    app = await startStandIn();
    names = await startNames({ acme: ['127.0.0.1'], open: ['127.0.0.1'] });
    handOver(home);
    start(http);
    await until(() => readdirSync(certificates).includes('gateway.pem'));
    gateway = await startNginx(
      gatewayInput({
        tls: { mode: 'acme', email: 'ops@example.org', names: ['acme.example.org'] },
      }),
      [service('open', app.port, { open: { path: '/open/', access: 'public', websocket: true } })],
      { resolver: names.address, certificates, http, acmePort },
    );
  });
  afterAll(async () => {
    acme.kill('SIGKILL');
    await gateway.stop();
    names.close();
    pebble.stop();
    await app.close();
    rmSync(home, { recursive: true });
  });

  function start(http: number): void {
    acme = spawn(process.execPath, [program], {
      ...unprivileged,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        NODE_EXTRA_CA_CERTS: pebble.authority,
        PORT: String(acmePort),
        ACME_DIRECTORY: pebble.directory,
        ACME_EMAIL: 'ops@example.org',
        ACME_NAMES: 'example.org,api.example.org,acme.example.org',
        GATEWAY_URL: `http://127.0.0.1:${http}`,
        CERTIFICATES: certificates,
        FALLBACK_CERTIFICATE_FILE: path.join(home, 'CERTIFICATE'),
        FALLBACK_KEY_FILE: path.join(home, 'CERTIFICATE_KEY'),
      },
    });
    for (const stream of [acme.stdout, acme.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }

  const shown = (servername = 'api.example.org') =>
    new Promise<{ serial: string; issuer: string; names: string; key: string | undefined }>(
      (resolve, reject) => {
        const socket = connect({
          host: '127.0.0.1',
          port: gateway.https,
          servername,
          rejectUnauthorized: false,
        });
        socket.on('error', reject);
        socket.once('secureConnect', () => {
          const { serialNumber, issuer, subjectaltname = '', pubkey } = socket.getPeerCertificate();
          socket.destroy();
          resolve({
            serial: serialNumber,
            issuer: String(issuer.CN),
            names: subjectaltname,
            key: pubkey?.toString('hex'),
          });
        });
      },
    );

  it("serves the platform's own certificate at first, then one of the authority for all names, and renews it without a restart", async () => {
    const health = async () => (await fetch(`http://127.0.0.1:${acmePort}/healthz`)).status;
    expect(await health()).toBe(200);
    // A connection that stays open from before the first certificate until after the renewal.
    const open = connect({
      host: '127.0.0.1',
      port: gateway.https,
      servername: 'api.example.org',
      rejectUnauthorized: false,
    });
    await new Promise((resolve) => open.once('secureConnect', resolve));

    await until(
      async () => (await shown()).issuer.startsWith('Pebble'),
      () => said,
    );
    const first = await shown();
    expect(first.names.split(', ').sort()).toEqual([
      'DNS:acme.example.org',
      'DNS:api.example.org',
      'DNS:example.org',
    ]);
    expect(await exchange(open)).toMatch(/^HTTP\/1\.1 200 /);

    await until(
      async () => (await shown()).serial !== first.serial,
      () => said,
    );
    const second = await shown();
    expect(second.issuer).toMatch(/^Pebble/);
    expect(second.key).toBe(first.key);
    expect(await exchange(open)).toMatch(/^HTTP\/1\.1 200 /);
    open.destroy();
    expect(await health()).toBe(200);
    process.kill(gateway.pid, 0);

    const account = readdirSync(certificates).filter((name) => name.startsWith('account-'));
    expect(account).toHaveLength(1);
    expect(
      readdirSync(certificates).map((name) => [
        name,
        statSync(path.join(certificates, name)).mode & 0o777,
      ]),
    ).toEqual([
      [account[0], 0o600],
      ['gateway.pem', 0o600],
    ]);
    const figures = await (await fetch(`http://127.0.0.1:${acmePort}/metrics`)).text();
    expect(figures).toMatch(/strata_certificate_orders_total\{result="success"\} [2-9]/);
    expect([said, gateway.log()].join()).not.toContain('PRIVATE KEY');
  });

  it('answers to nobody what is no challenge, and stops at once when it is told to', async () => {
    for (const path of [
      '/.well-known/acme-challenge/guess',
      '/.well-known/acme-challenge/',
      '/account',
    ])
      expect((await fetch(`http://127.0.0.1:${acmePort}${path}`)).status).toBe(404);
    acme.kill('SIGTERM');
    const exit = await new Promise((resolve) => acme.once('exit', resolve));
    expect(exit).toBe(0);
    expect(readFileSync(path.join(certificates, 'gateway.pem'), 'utf8')).toContain(
      `Signed-By: ${pebble.directory}\n`,
    );
  });
});

async function until(holds: () => boolean | Promise<boolean>, why = () => ''): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`it did not come to that: ${why()}`);
}

function exchange(socket: TLSSocket): Promise<string> {
  socket.write('GET /open/a HTTP/1.1\r\nHost: api.example.org\r\n\r\n');
  return new Promise((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
}
