import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../engine/root';

const copied = [
  'package.json',
  'index.ts',
  'Pulumi.yaml',
  'components',
  'provider',
  'engine',
  'sql',
  'app',
];

/** What a command of the project printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A copy of the project in a folder of its own, with ports of its own: tests deploy it, edit it and break it without
 * touching the checkout or each other.
 */
export class Workspace {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-test-'));

  private constructor() {
    // As root, Postgres runs as another user, who has to come through.
    chmodSync(this.folder, 0o711);
  }

  ports = { database: 0, graphql: 0 };

  static async create(): Promise<Workspace> {
    const workspace = new Workspace();
    for (const name of copied)
      cpSync(path.join(root, name), workspace.path(name), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), workspace.path('node_modules'));
    workspace.ports = { database: await freePort(), graphql: await freePort() };
    workspace.configure({});
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
      JSON.stringify({
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

  /** Starts a command of the project in a process group of its own. */
  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, ['engine/load.cjs', 'engine/cli.ts', ...args], {
      cwd: this.folder,
      env: this.environment(),
      detached: true,
    });
  }

  /** Runs a command of the project to its end. */
  run(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['engine/load.cjs', 'engine/cli.ts', ...args],
        { cwd: this.folder, env: this.environment(), maxBuffer: 64 * 1024 * 1024 },
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

  /** Ends every process of the workspace and removes it. */
  async dispose(): Promise<void> {
    await this.run('down');
    rmSync(this.folder, { recursive: true, force: true });
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
      // A developer's own login must not decide where tests keep their state.
      PULUMI_HOME: this.path('.pulumi-home'),
    };
  }
}

/** A port that nothing listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
