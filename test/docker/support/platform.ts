import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { engine, removeAll } from '../../support/docker';
import { lendPlugins, testImages } from '../../support/lab';
import { follow, type Followed } from '../../support/follow';
import { Workspace, type Ran } from '../../support/workspace';
import { freePort } from '../../support/ports';

/** The stack that these tests deploy; all that it makes on the engine begins with this prefix. */
const stack = 'acceptance';
export const prefix = `strata-${stack}-`;

/** Of the outputs what tests use. */
export interface Outputs {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<string, string>>;
  readonly authority: string;
  readonly operator: { readonly user: string; readonly password: string };
  /** What clients send while nobody is signed in. */
  readonly anonKey: string;
  readonly jwt: { readonly key: string; readonly issuer: string; readonly audience: string };
}

export interface Ports {
  readonly http: number;
  readonly https: number;
  readonly database: number;
}

/** The whole platform on this machine's Docker engine, deployed by the program's own commands from a copy of it. */
export class Platform {
  private constructor(
    readonly workspace: Workspace,
    readonly ports: Ports,
  ) {}

  static async create(): Promise<Platform> {
    // What a run that was killed has left.
    await removeAll(prefix);
    const workspace = await Workspace.create();
    lendPlugins(workspace);
    const ports = {
      http: await freePort(),
      https: await freePort(),
      database: await freePort(),
    };
    const platform = new Platform(workspace, ports);
    platform.configure({});
    return platform;
  }

  /** Another process of the same run looks at what `create` made. */
  static of(folder: string, ports: Ports): Platform {
    return new Platform(Workspace.at(folder), ports);
  }

  /** Deploys a configuration, unless it is the one that stands. */
  async settle(config: Readonly<Record<string, unknown>>): Promise<void> {
    const wanted = stringify(config);
    if (existsSync(this.standing) && readFileSync(this.standing, 'utf8') === wanted) return;
    this.configure(config);
    await this.succeed('up');
    writeFileSync(this.standing, wanted);
  }

  /** Writes the stack's file: everything that one server has, and what is given instead. What stands is unknown then. */
  configure(config: Readonly<Record<string, unknown>>): void {
    rmSync(this.standing, { force: true });
    const tenants = {
      acme: { members: { ann: 'admin', bob: 'member' } },
      globex: { members: { gus: 'admin', hal: 'member' } },
    };
    this.workspace.write(
      `Pulumi.${stack}.yaml`,
      stringify({
        config: {
          'strata:target': 'docker',
          'strata:preset': 'standard',
          'strata:tenancy': { tenants },
          'strata:images': { override: testImages },
          'strata:database': { memory: '2304M' },
          'strata:docker': { databasePort: this.ports.database },
          'strata:gateway': this.gateway(),
          ...config,
        },
      }),
    );
  }

  /** The group `strata:gateway` as these tests have it, with what is given instead. */
  gateway(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const { http, https } = this.ports;
    return { ports: { http, https }, operators: ['this-machine'], ...more };
  }

  run(command: string, ...args: readonly string[]): Promise<Ran> {
    const program = ['engine/load.cjs', 'engine/cli.ts', command, '--stack', stack, ...args];
    return this.workspace.execute(process.execPath, program, this.environment());
  }

  /** Starts a command, to follow it line by line. */
  begin(command: string): Followed {
    return follow(this.workspace.launch([command, '--stack', stack], this.environment()));
  }

  /** As `run`, but an exit code other than 0 is an error that shows what was printed. */
  async succeed(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, ...args);
    if (code === 0) return stdout;
    throw new Error(`${command} ended with ${String(code)}:\n${stdout}\n${stderr}`);
  }

  async outputs(): Promise<Outputs> {
    return JSON.parse(await this.pulumi('stack', 'output', '--json', '--show-secrets')) as Outputs;
  }

  /** A command for tenants: what it prints for scripts. Throws what it says against it. */
  async tenants(command: string, ...args: readonly string[]): Promise<unknown> {
    const program = ['engine/load.cjs', 'engine/cli.ts', 'tenants', command, '--stack', stack];
    const { code, stdout, stderr } = await this.workspace.execute(
      process.execPath,
      [...program, '--json', ...args],
      this.environment(),
    );
    if (code === 0) return JSON.parse(stdout);
    throw new Error(`tenants ${command} ended with ${String(code)}:\n${stderr}`);
  }

  /** A command of Pulumi's own on the stack. */
  async pulumi(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.workspace.execute(
      process.execPath,
      ['engine/load.cjs', 'engine/cli.ts', 'pulumi', '--', ...args, '--stack', stack],
      this.environment(),
    );
    if (code === 0) return stdout;
    throw new Error(`pulumi ${args.join(' ')} ended with ${String(code)}:\n${stderr}`);
  }

  /** Destroys everything, whatever state it is in. */
  async dispose(): Promise<void> {
    await removeAll(prefix);
    await this.workspace.dispose();
  }

  /** The configuration that was deployed, and left alone since, stands in this file: each test file is a process. */
  private get standing(): string {
    return this.workspace.path('.standing');
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      PULUMI_BACKEND_URL: `file://${this.workspace.path('.backend')}`,
      PULUMI_CONFIG_PASSPHRASE: 'acceptance',
    };
  }
}

/** A container of the platform as the engine tells of it, by the service's name and the replica's number. */
export function container(service: string, replica = 1) {
  return engine.getContainer(`${prefix}${service}-${String(replica)}`);
}

/** All that a container wrote. */
export async function logOf(name: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('docker', ['logs', name], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout + stderr;
}
