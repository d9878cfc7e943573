import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  watch,
  writeFileSync,
  type FSWatcher,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readFunctions, type DeclaredFunction } from '../components/services/declared-functions';
import { functions } from '../components/services/functions';
import type { Workload } from '../components/services/service';
import { functions as settings } from '../components/settings/functions';
import { readDeclaration } from '../components/tenancy/read';
import { messageOf, UserError } from './errors';
import { standalone } from './loader';
import { root } from './root';

/** What functions run with while they are written. */
interface DevelopmentOptions {
  /** The application's folder, relative to the project. */
  readonly app: string;
  /** Where HTTP functions answer. */
  readonly port: number;
  /** By the names that the workloads give them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Takes what a person reads. */
  readonly say: (message: string) => void;
}

/** One workload that runs, and what it was made of. */
interface Running {
  readonly child: ChildProcess;
  readonly made: string;
}

/**
 * Functions while they are written: runs those of a folder on this machine, and again whenever a file below
 * `<app>/functions/` changes, until it is stopped. What cannot be deployed is told, and what ran before goes on.
 */
export class Development {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-functions-'));
  private readonly running = new Map<string, Running>();
  private last: Promise<void> = Promise.resolve();
  private soon: NodeJS.Timeout | undefined;
  private watcher: FSWatcher | undefined;

  constructor(private readonly options: DevelopmentOptions) {}

  /** Throws `UserError` when there is no folder of functions. */
  start(): void {
    const folder = path.resolve(root, this.options.app, 'functions');
    if (!existsSync(folder)) {
      throw new UserError(`${folder} is not there: it is where functions are written.`);
    }
    this.watcher = watch(folder, { recursive: true }, () => {
      // An editor writes a file in several steps.
      clearTimeout(this.soon);
      this.soon = setTimeout(() => {
        this.update();
      }, 100);
    });
    this.update();
  }

  async stop(): Promise<void> {
    this.watcher?.close();
    clearTimeout(this.soon);
    await this.last;
    for (const name of this.running.keys()) await this.end(name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One after the other: a second change waits until the first one runs. */
  private update(): void {
    this.last = this.last
      .then(() => this.follow())
      .catch((error: unknown) => {
        this.options.say(messageOf(error));
      });
  }

  private async follow(): Promise<void> {
    const { app, secrets, say } = this.options;
    const tables = Object.keys(readDeclaration(path.resolve(root, app)).tables);
    const { functions: declared, problems } = readFunctions(app, tables);
    for (const { reason, advice } of problems) say(`${app} ${reason}\n  ${advice ?? ''}`);
    if (problems.length > 0) {
      say('what ran before goes on');
      return;
    }
    const here = declared.filter((one) => one.kind !== 'worker' || 'REDIS_URL' in secrets);
    const wanted = functions(settings.parse({}), here);
    for (const name of [...this.running.keys()]) {
      if (!wanted.some((workload) => workload.name === name)) await this.end(name);
    }
    for (const workload of wanted) await this.run(workload);
    say(`running: ${here.map(describe).join(', ') || 'nothing'}`);
    const left = declared.filter((one) => !here.includes(one)).map(({ name }) => name);
    if (left.length > 0) say(`left out without --redis: ${left.join(', ')}`);
  }

  private async run(workload: Workload): Promise<void> {
    const files = Object.entries(workload.program?.entries ?? {}).map(
      ([file, entry]) => [file, standalone(entry)] as const,
    );
    const made = JSON.stringify(files);
    const before = this.running.get(workload.name);
    if (before?.made === made && before.child.exitCode === null) return;
    await this.end(workload.name);

    const program = path.join(this.folder, workload.name);
    mkdirSync(path.join(program, 'functions'), { recursive: true });
    for (const [file, content] of files) writeFileSync(path.join(program, file), content);
    const command = (workload.command ?? []).slice(1);
    const child = spawn(
      process.execPath,
      command.map((word) => word.replace('{program}', program)),
      { env: this.environment(workload, program), stdio: ['ignore', 'inherit', 'inherit'] },
    );
    this.running.set(workload.name, { child, made });
  }

  private environment(workload: Workload, program: string): NodeJS.ProcessEnv {
    const secrets = Object.entries(this.options.secrets)
      .filter(([name]) => name in workload.secrets)
      .map(([name, value]) => {
        const file = path.join(program, name);
        writeFileSync(file, value, { mode: 0o600 });
        return [`${name}_FILE`, file] as const;
      });
    // Only what callers reach has a port that one has to know.
    const port = workload.name === 'functions' ? this.options.port : 0;
    return {
      PATH: process.env.PATH,
      ...workload.environment,
      ...Object.fromEntries(secrets),
      PORT: String(port),
    };
  }

  private async end(name: string): Promise<void> {
    const { child } = this.running.get(name) ?? {};
    this.running.delete(name);
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(path.join(this.folder, name), { recursive: true, force: true });
  }
}

function describe(declared: DeclaredFunction): string {
  switch (declared.kind) {
    case 'event':
      return `${declared.name} (${declared.table}; npm run up makes its trigger)`;
    case 'cron':
      return `${declared.name} (${declared.pattern})`;
    case 'worker':
      return `${declared.name} (queue ${declared.queue})`;
    default:
      return `${declared.name} (/functions/${declared.name})`;
  }
}
