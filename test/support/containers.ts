import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  containerPaths,
  type SecretSource,
  type Service,
  type Workload,
} from '../../components/services/service';
import { memoryBytes } from '../../components/targets/memory';
import { scratchOptions } from '../../provider/docker/scratch';
import { fill } from '../../components/targets/files';
import { docker, must, type Said } from './docker-cli';

const patienceMs = 60_000;

export interface RunOptions {
  /** In the place of the service's own. */
  readonly image?: string;
  /** Its port is reached on this machine's loopback address. */
  readonly published?: boolean;
  /** The ports that it publishes are this address's of this machine. */
  readonly address?: string;
}

/**
 * Services of the catalogue as containers of the local engine, hardened as a target hardens them, in a network and with
 * volumes of their own. Everything is called `<prefix>…` and goes away with `remove`.
 */
export class Containers {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-containers-'));

  private constructor(
    /** Such as `t-database-`. */
    private readonly prefix: string,
    private readonly value: (source: SecretSource) => string,
  ) {
    chmodSync(this.folder, 0o711);
  }

  static async create(
    prefix: string,
    value: (source: SecretSource) => string,
  ): Promise<Containers> {
    const containers = new Containers(prefix, value);
    // What a test run that was killed has left.
    await containers.clear();
    await must('network', 'create', '--label', containers.label, containers.network);
    return containers;
  }

  get network(): string {
    return `${this.prefix}network`;
  }

  /** The engine's name of a service's container. */
  named(service: string): string {
    return this.prefix + service;
  }

  /** Starts a service and waits until it is healthy; a job until it has ended well. */
  async run(service: Service, options: RunOptions = {}): Promise<void> {
    await this.start(service, options);
    if (service.kind === 'workload') await this.healthy(service);
    else await this.ended(service.name);
  }

  async start(service: Service, options: RunOptions = {}): Promise<void> {
    const name = this.named(service.name);
    const [entrypoint, ...words] = service.entrypoint ?? [];
    const scratch = scratchOptions({ ...service, memoryBytes: memoryBytes(service) });
    await must(
      ...['run', '--detach', '--init', '--name', name, '--label', this.label],
      ...['--network', this.network, '--network-alias', service.name],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
      ...(service.capabilities ?? []).flatMap((kept) => ['--cap-add', kept]),
      ...(service.writableRoot ? [] : ['--read-only']),
      ...(service.user === undefined ? [] : ['--user', service.user]),
      ...(service.resources?.memory === undefined ? [] : ['--memory', service.resources.memory]),
      ...(service.scratch ?? []).flatMap((at) => ['--tmpfs', `${at}:${scratch}`]),
      ...(await this.mounts(service)),
      ...Object.entries(this.environment(service)).flatMap(([k, v]) => ['--env', `${k}=${v}`]),
      ...(service.kind === 'workload' ? this.networking(service, options) : []),
      ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
      options.image ?? service.image ?? '',
      ...words,
      ...(service.command ?? []),
    );
  }

  private networking(
    { port, published = {}, sysctls = {} }: Workload,
    options: RunOptions,
  ): readonly string[] {
    const { address } = options;
    return [
      ...Object.entries(sysctls).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]),
      ...(options.published ? ['--publish', `127.0.0.1::${String(port)}`] : []),
      ...(address === undefined
        ? []
        : Object.entries(published).flatMap(([outside, inside]) => [
            '--publish',
            `${address}:${outside}:${inside}`,
          ])),
    ];
  }

  /** This machine's address in the network. */
  async gateway(): Promise<string> {
    const format = '{{range .IPAM.Config}}{{.Gateway}}{{end}}';
    return (await must('network', 'inspect', '--format', format, this.network)).trim();
  }

  /** Waits until the service's own check passes, or its port is open where it has none. */
  async healthy(service: Workload): Promise<void> {
    const { name } = service;
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const complaint = await this.complaint(service);
      if (complaint === undefined) return;
      if (Date.now() > deadline || !(await this.running(name))) {
        throw new Error(`${name} is not healthy: ${complaint}\n${await this.logs(name)}`);
      }
      await sleep(100);
    }
  }

  private async complaint({ name, port, healthCommand }: Workload): Promise<string | undefined> {
    if (healthCommand) {
      const said = await this.exec(name, ...healthCommand);
      return said.code === 0 ? undefined : said.stderr + said.stdout;
    }
    const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const host = (await docker('inspect', '--format', address, this.named(name))).stdout.trim();
    return new Promise((resolve) => {
      const socket = connect({ host, port: port ?? 0 });
      socket.on('connect', () => {
        resolve(undefined);
        socket.destroy();
      });
      socket.on('error', ({ message }) => {
        resolve(message);
      });
    });
  }

  /** Waits for the end of a container; its exit code. */
  async ended(service: string): Promise<number> {
    return Number((await must('wait', this.named(service))).trim());
  }

  async running(service: string): Promise<boolean> {
    const format = '{{.State.Running}}';
    return (await docker('inspect', '--format', format, this.named(service))).stdout === 'true\n';
  }

  exec(service: string, ...command: readonly string[]): Promise<Said> {
    return docker('exec', this.named(service), ...command);
  }

  async logs(service: string): Promise<string> {
    const { stdout, stderr } = await docker('logs', this.named(service));
    return stdout + stderr;
  }

  /** The port of this machine's loopback address behind which a published service listens. */
  async port(service: string): Promise<number> {
    return Number((await must('port', this.named(service))).split(':').at(-1)?.trim());
  }

  async kill(service: string): Promise<void> {
    await must('kill', this.named(service));
  }

  async restart(service: Workload): Promise<void> {
    await must('start', this.named(service.name));
    await this.healthy(service);
  }

  /** Takes a container away; its volumes stay. */
  async drop(service: string): Promise<void> {
    await docker('rm', '--force', '--volumes', this.named(service));
  }

  async remove(): Promise<void> {
    await this.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What everything is marked with that goes at the end, and before the next run. */
  get label(): string {
    return `strata.test=${this.prefix}`;
  }

  private async clear(): Promise<void> {
    const filter = ['--quiet', '--filter', `label=${this.label}`];
    const words = async (...command: readonly string[]) =>
      (await must(...command)).split('\n').filter((word) => word !== '');
    const containers = await words('ps', '--all', ...filter);
    if (containers.length > 0) await must('rm', '--force', '--volumes', ...containers);
    const volumes = await words('volume', 'ls', ...filter);
    if (volumes.length > 0) await must('volume', 'rm', ...volumes);
    const networks = await words('network', 'ls', ...filter);
    if (networks.length > 0) await must('network', 'rm', ...networks);
  }

  private environment(service: Service): Record<string, string> {
    const secrets = Object.keys(service.secrets).map((name) => [
      `${name}_FILE`,
      `${containerPaths.secrets}/${name}`,
    ]);
    return { ...service.environment, ...(Object.fromEntries(secrets) as Record<string, string>) };
  }

  private async mounts(service: Service): Promise<string[]> {
    const contents = Object.entries(service.volumes ?? {}).map(
      ([at, content]) => `${this.named(content)}:${at}`,
    );
    for (const content of Object.values(service.volumes ?? {})) {
      await must('volume', 'create', '--label', this.label, this.named(content));
    }
    const files = Object.entries(service.files).map(([name, content]) => [
      name,
      typeof content === 'string' ? content : fill(content.template, this.values(content.secrets)),
    ]);
    const ofHost = Object.entries(service.hostFolders ?? {}).map(
      ([from, to]) => `${from}:${to}:ro`,
    );
    return [
      ...contents,
      ...ofHost,
      `${this.write(service, 'files', Object.fromEntries(files) as Record<string, string>)}:${containerPaths.files}:ro`,
      `${this.write(service, 'secrets', this.values(service.secrets))}:${containerPaths.secrets}:ro`,
    ].flatMap((mount) => ['--volume', mount]);
  }

  private values(secrets: Readonly<Record<string, SecretSource>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(secrets).map(([name, source]) => [name, this.value(source)]),
    );
  }

  /** Files that belong to the service's user alone. */
  private write(
    { name, user = '0:0' }: Service,
    kind: string,
    texts: Readonly<Record<string, string>>,
  ): string {
    const [uid = 0, gid = 0] = user.split(':').map(Number);
    const folder = path.join(this.folder, name, kind);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(texts)) {
      const at = path.join(folder, file);
      writeFileSync(at, text, { mode: 0o400 });
      chownSync(at, uid, gid);
    }
    return folder;
  }
}
