import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { standalone } from '../../../../engine/loader';
import { root } from '../../../../engine/root';
import { functions as settings } from '../../../settings/functions';
import { readDeclaration } from '../../../tenancy/read';
import { readFunctions, type DeclaredFunction } from '../../declared-functions';
import { functions } from '../../functions';
import type { Workload } from '../../service';

/*
 * Functions while they are written: runs them on this machine against the database of a running stack, and again
 * whenever a file below `<app>/functions/` changes. docs/functions.md says how it is started.
 */

const outputs = z.object({
  databases: z.object({ strata_app: z.string(), strata_dispatcher: z.string() }),
  jwt: z.object({ key: z.string() }),
});

interface Options {
  readonly app: string;
  readonly port: number;
  readonly secrets: Readonly<Record<string, string>>;
}

/** One workload that runs, and what it was made of. */
interface Running {
  readonly child: ChildProcess;
  readonly made: string;
}

/** Runs what the folder holds until it is stopped. */
class Development {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-functions-'));
  private readonly running = new Map<string, Running>();
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly options: Options) {}

  start(): void {
    this.update();
    let soon: NodeJS.Timeout | undefined;
    watch(path.resolve(root, this.options.app, 'functions'), { recursive: true }, () => {
      // An editor writes a file in several steps.
      clearTimeout(soon);
      soon = setTimeout(() => {
        this.update();
      }, 100);
    });
  }

  async stop(): Promise<void> {
    await this.last;
    for (const name of this.running.keys()) await this.end(name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One after the other: a second change waits until the first one runs. */
  private update(): void {
    this.last = this.last
      .then(() => this.follow())
      .catch((error: unknown) => {
        say((error as Error).message);
      });
  }

  private async follow(): Promise<void> {
    const { app } = this.options;
    const tables = Object.keys(readDeclaration(path.resolve(root, app)).tables);
    const { functions: declared, problems } = readFunctions(app, tables);
    for (const { reason, advice } of problems) say(`${app} ${reason}\n  ${advice ?? ''}`);
    if (problems.length > 0) {
      say('what ran before goes on');
      return;
    }
    const wanted = functions(settings.parse({}), declared);
    for (const name of [...this.running.keys()]) {
      if (!wanted.some((workload) => workload.name === name)) await this.end(name);
    }
    for (const workload of wanted) await this.run(workload);
    say(`running: ${declared.map(describe).join(', ') || 'nothing'}`);
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

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      app: { type: 'string', default: './app' },
      port: { type: 'string', default: '3000' },
      redis: { type: 'string' },
    },
  });
  const given = outputs.safeParse(JSON.parse((await text(process.stdin)) || '{}'));
  if (!given.success) {
    throw new Error(
      'the outputs of a running stack are read from stdin:\n' +
        '  npm run --silent pulumi -- stack output --json --show-secrets | npm run --silent functions',
    );
  }
  const { databases, jwt } = given.data;
  const development = new Development({
    app: values.app,
    port: Number(values.port),
    secrets: {
      DATABASE_URL: databases.strata_app,
      OUTBOX_URL: databases.strata_dispatcher,
      JWT_KEY: jwt.key,
      ...(values.redis && { REDIS_URL: values.redis }),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void development.stop().then(() => process.exit(0));
    });
  }
  development.start();
}

main().catch((error: unknown) => {
  say((error as Error).message);
  process.exit(1);
});
