import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../../engine/root';
import { python, type Moto } from '../../support/aws/moto';
import { must, noContainers, type Said } from '../../support/docker-cli';

const program = 'components/targets/aws/release/server/strata-release';

/** Why no server can be stood in for here, printed once; `undefined` when it can. */
export function whyNoServer(): string | undefined {
  const wanted: [reason: string, ...words: string[]][] = [
    ['no Python with moto and boto3 (MOTO_PYTHON)', python, '-c', 'import moto.server, boto3'],
    ['no docker-compose (test/images/compose.sh)', 'docker-compose', 'version'],
    ['no loop devices', 'losetup', '--find'],
  ];
  const reason =
    noContainers('node:20-slim', 'debian:12-slim') ??
    wanted.find(([, program = '', ...words]) => spawnSync(program, words).status !== 0)?.[0];
  if (reason) process.stderr.write(`Tests of a server's releases are skipped: ${reason}\n`);
  return reason;
}

/** The containers of a project that run → their ids. */
export async function running(project: string): Promise<Record<string, string>> {
  const label = `label=com.docker.compose.project=${project}`;
  const said = await must('ps', '--filter', label, '--format', '{{.Names}} {{.ID}}');
  const pairs = said.trim().split('\n').filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => pair.split(' ') as [string, string]));
}

/** A server's folders below one of this machine's, and the program that a server runs. */
export class Server {
  readonly root = mkdtempSync(path.join(os.tmpdir(), 't-release-'));
  private readonly disks = new Map<string, string>();

  constructor(
    private readonly moto: Moto,
    config: object,
  ) {
    this.write('etc/strata/release.json', JSON.stringify(config));
    mkdirSync(this.path('dev/disk/by-id'), { recursive: true });
  }

  path(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Starts the program, in a process group of its own. */
  start(...words: string[]): ChildProcess {
    return spawn(python, [path.join(root, program), ...words], {
      detached: true,
      stdio: 'ignore',
      env: this.environment,
    });
  }

  run(...words: string[]): Promise<Said> {
    return new Promise((resolve) => {
      const given = { env: this.environment, maxBuffer: 64 * 1024 * 1024 };
      execFile(python, [path.join(root, program), ...words], given, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  /** The same, and what was said when it did not end well. */
  async succeed(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    if (code !== 0)
      throw new Error(`${words.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Attaches a volume: a loop device under the name that AWS's driver gives it. Returns the device. */
  attach(volume: string, megabytes: number): string {
    const file = this.path(`${volume}.disk`);
    execFileSync('truncate', ['-s', `${String(megabytes)}M`, file]);
    const device = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    const name = `nvme-Amazon_Elastic_Block_Store_${volume.replace('-', '')}`;
    symlinkSync(device, this.path('dev/disk/by-id', name));
    this.disks.set(volume, device);
    return device;
  }

  grow(volume: string, megabytes: number): void {
    execFileSync('truncate', ['-s', `${String(megabytes)}M`, this.path(`${volume}.disk`)]);
    execFileSync('losetup', ['--set-capacity', this.disks.get(volume) ?? '']);
  }

  /** Folders that disks are mounted at. */
  mounts(): string[] {
    const data = this.path('var/lib/strata/');
    return readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((folder) => folder.startsWith(data))
      .map((folder) => folder.slice(data.length))
      .sort();
  }

  /** What a server loses when it restarts, without a warning. */
  async restart(project: string): Promise<void> {
    const ids = Object.values(await running(project));
    if (ids.length > 0) await must('kill', ...ids);
    this.unmount();
    rmSync(this.path('run'), { recursive: true });
  }

  private unmount(): void {
    for (const folder of this.mounts()) {
      execFileSync('umount', [this.path('var/lib/strata', folder)]);
    }
  }

  dispose(): void {
    this.unmount();
    for (const device of this.disks.values()) execFileSync('losetup', ['--detach', device]);
    rmSync(this.root, { recursive: true });
  }

  private get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ...this.moto.environment,
      DOCKER_CONFIG: this.dockerConfig(),
      STRATA_SERVER_ROOT: this.root,
    };
  }

  /** `docker compose` where this machine has `docker-compose` alone. */
  private dockerConfig(): string {
    const plugins = this.path('docker-config/cli-plugins');
    const folders = (process.env.PATH ?? '').split(path.delimiter);
    const found = folders.map((folder) => path.join(folder, 'docker-compose')).find(existsSync);
    rmSync(plugins, { recursive: true, force: true });
    mkdirSync(plugins, { recursive: true });
    if (found) symlinkSync(found, path.join(plugins, 'docker-compose'));
    return this.path('docker-config');
  }
}
