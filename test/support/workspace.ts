import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { root } from '../../engine/root';
import { endAll } from './processes';
import { follow, type Followed } from './follow';
import { freePort } from './ports';

const copied = [
  'package.json',
  'package-lock.json',
  'images.lock.json',
  'index.ts',
  'Pulumi.yaml',
  'Pulumi.dev.yaml',
  'Pulumi.prod.yaml',
  'components',
  'provider',
  'policy',
  'engine',
  'sql',
  'app',
  'templates',
];

/** What a command of the project printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Another place or another user than usual. */
export interface WorkspaceOptions {
  /** Where the folder is made; the system's temporary folder when not given. */
  readonly parent?: string;
  /** Of the folder: one that others may pass through unless given. */
  readonly mode?: number;
  /** Whose it is and who runs its commands; for tests that run as root. */
  readonly uid?: number;
}

/**
 * A copy of the project in a folder of its own, with ports of its own: tests deploy it, edit it and break it without
 * touching the checkout or each other.
 */
export class Workspace {
  ports = { database: 0, graphql: 0 };

  private constructor(
    private readonly options: WorkspaceOptions,
    readonly folder: string,
  ) {}

  /** A workspace that another process made, and takes away again. */
  static at(folder: string): Workspace {
    return new Workspace({}, folder);
  }

  static async create(options: WorkspaceOptions = {}): Promise<Workspace> {
    const parent = options.parent ?? os.tmpdir();
    const workspace = new Workspace(options, mkdtempSync(path.join(parent, 'strata-test-')));
    for (const name of copied)
      cpSync(path.join(root, name), workspace.path(name), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), workspace.path('node_modules'));
    workspace.ports = { database: await freePort(), graphql: await freePort() };
    workspace.configure({});
    // With mkdtemp's own mode root's volumes would stand elsewhere: Postgres runs as another user then.
    chmodSync(workspace.folder, options.mode ?? 0o711);
    workspace.own();
    return workspace;
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /** Writes Pulumi.local.yaml: two tenants, this workspace's ports, and what is given. */
  configure(config: Record<string, unknown>): void {
    const tenants = {
      acme: { members: { ann: 'admin', bob: 'member' } },
      globex: { members: { gus: 'admin', hal: 'member' } },
    };
    this.write(
      'Pulumi.local.yaml',
      stringify({
        config: { 'strata:ports': this.ports, 'strata:tenancy': { tenants }, ...config },
      }),
    );
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, content: string): void {
    mkdirSync(path.dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  /** Replaces a text that must be there. */
  edit(file: string, from: string, to: string): void {
    const text = this.read(file);
    if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
    this.write(file, text.replace(from, to));
  }

  /** Starts a command of the project in a process group of its own. */
  start(...args: string[]): ChildProcess {
    return this.launch(args);
  }

  /** As `start`; `env` adds to the environment. */
  launch(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(process.execPath, ['engine/load.cjs', 'engine/cli.ts', ...args], {
      cwd: this.folder,
      env: { ...this.environment(), ...env },
      detached: true,
      ...this.user(),
    });
  }

  /** As `start`, to follow line by line. */
  begin(...args: string[]): Followed {
    return follow(this.start(...args));
  }

  /** Runs a command of the project to its end. */
  run(...args: string[]): Promise<Ran> {
    return this.execute(process.execPath, ['engine/load.cjs', 'engine/cli.ts', ...args]);
  }

  /** Runs any program in the workspace; `env` adds to the environment. */
  execute(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return new Promise((resolve) => {
      execFile(
        file,
        args,
        {
          cwd: this.folder,
          env: { ...this.environment(), ...env },
          maxBuffer: 64 * 1024 * 1024,
          ...this.user(),
        },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
          resolve({ code, stdout, stderr });
        },
      );
    });
  }

  /** As `run`, but an exit code other than 0 is an error that shows what was printed. */
  async succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0)
      throw new Error(`${args.join(' ')} ended with ${String(code)}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  async outputs<T>(): Promise<T> {
    return JSON.parse(
      await this.succeed(
        'pulumi',
        '--',
        'stack',
        'output',
        '--json',
        '--show-secrets',
        '-s',
        'local',
      ),
    ) as T;
  }

  /** The folder of one local process of the stack. */
  runFolder(name: string): string {
    return this.path('.strata', 'stacks', 'local', 'run', name);
  }

  /** The pid of a local process, as its file has it. */
  pid(name: string): number {
    return Number(readFileSync(path.join(this.runFolder(name), 'pid'), 'utf8'));
  }

  /** Ends every process of the workspace and forgets what was ever deployed from it. */
  async wipe(): Promise<void> {
    await endAll(this.folder);
    for (const volume of this.volumes()) rmSync(volume, { recursive: true, force: true });
    rmSync(this.path('.strata'), { recursive: true, force: true });
  }

  /** Ends every process of the workspace and removes it. */
  async dispose(): Promise<void> {
    await this.wipe();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Where the volumes really are. */
  volumes(): string[] {
    const folder = this.path('.strata', 'stacks', 'local', 'volumes');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((name) => path.join(folder, name))
      .filter((volume) => existsSync(volume))
      .map((volume) => realpathSync(volume));
  }

  private user(): { uid?: number; gid?: number } {
    const { uid } = this.options;
    return uid === undefined ? {} : { uid, gid: uid };
  }

  private own(): void {
    const { uid } = this.options;
    if (uid === undefined) return;
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isSymbolicLink()) chownSync(path.join(entry.parentPath, entry.name), uid, uid);
    }
    chownSync(this.folder, uid, uid);
  }

  private environment(): NodeJS.ProcessEnv {
    const {
      STRATA_ROOT: _root,
      PULUMI_BACKEND_URL: _url,
      PULUMI_ACCESS_TOKEN: _token,
      ...rest
    } = process.env;
    return {
      ...rest,
      PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${rest.PATH ?? ''}`,
      ...(this.options.uid !== undefined && { HOME: this.folder }),
      // A developer's own login must not decide where tests keep their state.
      PULUMI_HOME: this.path('.pulumi-home'),
    };
  }
}
