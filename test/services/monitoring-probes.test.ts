import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as plainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderBlackbox } from '../../components/services/monitoring/blackbox';
import { issueAuthority, issueCertificate } from '../../provider/tls/issue';
import { available, check } from '../support/monitoring/tools';
import { freePort } from '../support/ports';

const program = process.env.STRATA_BLACKBOX ?? 'prometheus-blackbox-exporter';
const there = available(program, 'prometheus-blackbox-exporter');

test.runIf(there)('blackbox_exporter accepts its file', () => {
  const said = check(program, ['--config.file=blackbox.yml', '--config.check'], {
    'blackbox.yml': renderBlackbox(),
  });
  expect(said).toMatchObject({ status: 0 });
});

describe.runIf(there)('a probe', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-probes-'));
  const asked: { host: string | undefined; name: unknown; authorization: string | undefined }[] =
    [];
  let gateway: Server;
  let exporter: ChildProcess;
  let port: number;

  beforeAll(async () => {
    const authority = await issueAuthority('Strata test', 10);
    const { certificate, key } = await issueCertificate(['cdn.example.org'], 10, authority);
    gateway = createServer({ cert: certificate, key });
    const names = new Map<number | undefined, unknown>();
    gateway.on('secureConnection', (socket: TLSSocket) =>
      names.set(socket.remotePort, socket.servername),
    );
    gateway.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { host, authorization } = request.headers;
      asked.push({ host, name: names.get(request.socket.remotePort), authorization });
      response.statusCode = Number(request.url?.slice(1));
      response.end();
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    port = await freePort();
    writeFileSync(path.join(folder, 'blackbox.yml'), renderBlackbox());
    exporter = spawn(
      program,
      [`--config.file=${folder}/blackbox.yml`, `--web.listen-address=127.0.0.1:${port}`],
      { stdio: 'ignore' },
    );
    const ready = () => fetch(`http://127.0.0.1:${port}/-/healthy`).catch(() => undefined);
    while (!(await ready())?.ok) await sleep(50);
  });

  afterAll(async () => {
    exporter.kill();
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
    rmSync(folder, { recursive: true });
  });

  async function probe(module: string, status: number): Promise<string> {
    const target = `https://127.0.0.1:${(gateway.address() as AddressInfo).port}/${status}`;
    return ask({ module, target, hostname: 'cdn.example.org' });
  }

  async function ask(params: Record<string, string>): Promise<string> {
    const query = new URLSearchParams(params).toString();
    return (await fetch(`http://127.0.0.1:${port}/probe?${query}`)).text();
  }

  test.each([
    ['token', 401, 1],
    // It stands open.
    ['token', 200, 0],
    ['graphql', 200, 0],
    // The guard does not work.
    ['token', 503, 0],
    ['graphql', 401, 1],
    ['operator', 401, 1],
    ['operator', 200, 0],
    ['operator', 302, 0],
    ['public', 200, 1],
    ['public', 404, 1],
    ['public', 301, 1],
    ['public', 502, 0],
  ])('of a route for %s that answers %i is %i', async (module, status, success) => {
    expect(await probe(module, status)).toMatch(new RegExp(`^probe_success ${success}$`, 'm'));
  });

  test('asks by the name of the host, without a login, and tells when the certificate ends', async () => {
    asked.length = 0;
    const text = await probe('public', 200);
    expect(asked).toEqual([
      { host: 'cdn.example.org', name: 'cdn.example.org', authorization: undefined },
    ]);
    const end = Number(/^probe_ssl_earliest_cert_expiry (\S+)$/m.exec(text)?.[1]);
    const days = (end - Date.now() / 1000) / (24 * 3600);
    expect(days).toBeGreaterThan(8);
    expect(days).toBeLessThan(12);
  });

  describe('for health', () => {
    let listens: number;
    const service = plainServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { location: '/200' }).end();
    });

    beforeAll(async () => {
      await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
      listens = (service.address() as AddressInfo).port;
    });

    afterAll(() => service.close());

    test.each([
      [200, 1],
      [204, 1],
      // Where it sends one is not what was asked.
      [302, 0],
      [404, 0],
      [503, 0],
    ])('of a service that answers %i is %i', async (status, success) => {
      const text = await ask({ module: 'path', target: `http://127.0.0.1:${listens}/${status}` });
      expect(text).toMatch(new RegExp(`^probe_success ${success}$`, 'm'));
    });

    test('of an open port is 1, and of one that nobody listens at 0', async () => {
      const open = await ask({ module: 'port', target: `127.0.0.1:${listens}` });
      expect(open).toMatch(/^probe_success 1$/m);
      const closed = await ask({ module: 'port', target: `127.0.0.1:${await freePort()}` });
      expect(closed).toMatch(/^probe_success 0$/m);
    });
  });
});
