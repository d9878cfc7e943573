import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { clamdConfiguration } from '../../components/services/storage/scanner';
import { freePort } from './ports';
import { until } from './until';

/** Why a real clamd cannot be run here; undefined when it can. */
export const noClamd: string | undefined =
  spawnSync('clamd', ['--version']).status === 0
    ? undefined
    : 'clamd is not installed (apt-get install clamav-daemon)';

/** What every scanner finds, and no other program minds; in two halves, so that none finds it in this file. */
export const eicar = 'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-' + 'ANTIVIRUS-TEST-FILE!$H+H*';

/** The one signature that it has here: nothing of the real ones can be had without a network. */
export const signature = `Test.Eicar:0:*:${Buffer.from(eicar.slice(28)).toString('hex')}\n`;

/** A real clamd with the catalogue's own configuration, in a folder and at a port of its own. */
export class Clamd {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-clamd-'));
  private child: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  /** @param fileBytes how large a file may be. */
  static async start(fileBytes: number): Promise<Clamd> {
    const clamd = new Clamd(await freePort());
    const signatures = path.join(clamd.folder, 'clamav');
    mkdirSync(path.join(signatures, 'scan'), { recursive: true });
    writeFileSync(path.join(signatures, 'own.ndb'), signature);
    await clamd.configure(fileBytes);
    return clamd;
  }

  /** Starts it anew with other limits. */
  async configure(fileBytes: number): Promise<void> {
    const configuration = clamdConfiguration(fileBytes)
      .replaceAll('/var/lib/clamav', path.join(this.folder, 'clamav'))
      .replace('TCPSocket 3310', `TCPSocket ${String(this.port)}\nTCPAddr 127.0.0.1`);
    writeFileSync(path.join(this.folder, 'clamd.conf'), configuration);
    await this.restart();
  }

  get where(): { readonly host: string; readonly port: number; readonly seconds: number } {
    return { host: '127.0.0.1', port: this.port, seconds: 30 };
  }

  async restart(): Promise<void> {
    await this.kill();
    this.child = spawn('clamd', [`--config-file=${path.join(this.folder, 'clamd.conf')}`], {
      stdio: 'ignore',
    });
    await until(async () => (await this.ping()) === 'PONG');
  }

  /** It takes connections, as its kernel does, and answers none. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ping(): Promise<string> {
    const socket = connect(this.port, '127.0.0.1', () => socket.write('zPING\0'));
    return (await text(socket).catch(() => '')).replace('\0', '');
  }
}

/** Stands in for clamd where its answer is what matters: takes a stream to its end, then says what it is told to. */
export class ClamdStandIn {
  /** What it was sent: the content without the frame. */
  readonly got: Buffer[] = [];
  answer: (socket: Socket) => void = (socket) => socket.end('stream: OK\0');

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.take(socket);
    });
  }

  static async start(): Promise<ClamdStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ClamdStandIn(server);
  }

  get where(): { readonly host: string; readonly port: number; readonly seconds: number } {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port, seconds: 2 };
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private take(socket: Socket): void {
    let all = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      all = Buffer.concat([all, chunk]);
      const content = contentOf(all);
      if (!content) return;
      this.got.push(content);
      this.answer(socket);
    });
  }
}

/** The content, once its end has come. */
function contentOf(stream: Buffer): Buffer | undefined {
  const command = 'zINSTREAM\0'.length;
  const chunks: Buffer[] = [];
  for (let at = command; at + 4 <= stream.length;) {
    const length = stream.readUInt32BE(at);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}
