import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { gatewayConfig } from '../../../components/services/gateway/config';
import { start } from '../../../components/services/gateway/this-machine';
import {
  ports as containerPorts,
  type GatewayInput,
  type Layout,
} from '../../../components/services/gateway/input';
import { ownPorts } from '../../../components/services/gateway/own-ports';
import { staticFiles } from '../../../components/services/gateway/static';
import type { Service } from '../../../components/services/service';
import { freePort } from '../ports';

/** Why real nginx cannot be run here; `undefined` when it can. */
export const noNginx: string | undefined = (() => {
  const { status, stderr } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
  if (status !== 0) return 'nginx is not installed (apt-get install nginx-light)';
  const modules = ['http_auth_request_module', 'http_realip_module', 'http_stub_status_module'];
  const missing = modules.filter((name) => !stderr.includes(name));
  return missing.length > 0 ? `nginx is built without ${missing.join(', ')}` : undefined;
})();

/** Root runs them as nobody, as in a container no process is root; anybody else as themselves. */
export const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Gives what is in a folder to whoever runs the processes. */
export function handOver(folder: string): void {
  if (unprivileged.uid === undefined) return;
  execFileSync('chown', ['-R', `${unprivileged.uid}:${unprivileged.gid}`, folder]);
}

/** The secret that operators log in with, in tests. */
export const operatorPassword = 'not-a-real-password-of-operators';

export interface Running {
  readonly layout: Layout;
  readonly folder: string;
  readonly pid: number;
  readonly https: number;
  readonly http: number;
  readonly status: number;
  /** The ports of services that have one of their own. */
  readonly own: Readonly<Record<string, number>>;
  /** What nginx has written: the request log, and errors. */
  log(): string;
  stop(): Promise<void>;
}

interface Options {
  readonly resolver?: string;
  readonly certificates?: string;
  readonly http?: number;
  /** Where the program `acme` listens; in a container its port is fixed. */
  readonly acmePort?: number;
  /** A file in the place of the kernel's routing table. */
  readonly routingTable?: string;
}

/** Writes the real configuration into a folder of its own. */
export async function writeConfig(
  input: GatewayInput,
  services: readonly Service[],
  { resolver = '127.0.0.1:9', certificates, http, acmePort, routingTable }: Options = {},
): Promise<{
  folder: string;
  layout: Layout;
  ports: { http: number; https: number; status: number; own: Record<string, number> };
  /** How the container starts. */
  command: readonly string[];
}> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-gateway-'));
  const ports = {
    http: http ?? (await freePort()),
    https: await freePort(),
    status: await freePort(),
    own: Object.fromEntries(
      await Promise.all(
        Object.keys(ownPorts(input, services)).map(async (name) => [name, await freePort()]),
      ),
    ) as Record<string, number>,
  };
  const layout: Layout = {
    files: path.join(folder, 'files'),
    secrets: path.join(folder, 'secrets'),
    certificates: certificates ?? path.join(folder, 'certificates'),
    scratch: path.join(folder, 'scratch'),
    http: `127.0.0.1:${ports.http}`,
    https: `127.0.0.1:${ports.https}`,
    own: Object.fromEntries(
      Object.entries(ports.own).map(([name, port]) => [name, `127.0.0.1:${port}`]),
    ),
    status: `127.0.0.1:${ports.status}`,
    resolver,
    acmePort: acmePort ?? containerPorts.acme,
    routingTable: routingTable ?? '/proc/net/route',
  };
  for (const each of [layout.files, layout.secrets, layout.certificates, layout.scratch])
    mkdirSync(each, { recursive: true });
  const files = {
    ...gatewayConfig(input, services, layout),
    ...staticFiles(input.gateway, '/').files,
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(layout.files, name)), { recursive: true });
    const text =
      typeof content === 'string'
        ? content
        : content.template.replaceAll('{{OPERATOR}}', operatorPassword);
    writeFileSync(path.join(layout.files, name), text);
  }
  selfSigned(layout.secrets, input.domain);
  const { entrypoint, command } = start(input.gateway, layout);
  return { folder, layout, ports, command: [...entrypoint, ...command] };
}

/** A certificate for the domain and all below it, signed by itself: the files CERTIFICATE and CERTIFICATE_KEY. */
export function selfSigned(folder: string, domain: string): void {
  // prettier-ignore
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${domain}`, '-addext', `subjectAltName=DNS:${domain},DNS:*.${domain}`,
    '-keyout', path.join(folder, 'CERTIFICATE_KEY'), '-out', path.join(folder, 'CERTIFICATE'),
  ], { stdio: 'ignore' });
}

/** What `nginx -t` says of a configuration, started by this command; empty when it accepts it. */
export function configTest([program = '', ...args]: readonly string[]): string {
  const { status, stderr } = spawnSync(program, [...args, '-t', '-q'], {
    encoding: 'utf8',
    stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'],
  });
  return status === 0 ? '' : stderr || `exit code ${status}`;
}

/** Starts nginx with the real configuration and waits until it answers. */
export async function startNginx(
  input: GatewayInput,
  services: readonly Service[],
  options: Options = {},
): Promise<Running> {
  const { folder, layout, ports, command } = await writeConfig(input, services, options);
  const [program = '', ...args] = command;
  const out = path.join(folder, 'out');
  // A file, because /dev/stdout cannot be opened again where it is the socket that Node makes.
  const descriptor = openSync(out, 'a', 0o666);
  handOver(folder);
  const child = spawn(program, args, {
    ...unprivileged,
    stdio: ['ignore', descriptor, descriptor],
  });
  const log = () => readFileSync(out, 'utf8');
  try {
    await listening(child, ports.status, log);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    layout,
    folder,
    pid: child.pid ?? 0,
    ...ports,
    log,
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listening(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await sleep(25);
  }
  throw new Error(`nginx does not listen: ${log()}`);
}
