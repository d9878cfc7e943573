import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import {
  readFunctions,
  type DeclaredFunction,
} from '../../../components/services/declared-functions';
import { functions as workloads } from '../../../components/services/functions';
import { renderUsers } from '../../../components/services/redis';
import { functions as settings } from '../../../components/settings/functions';
import { standalone } from '../../../engine/loader';
import { follow, type Followed } from '../../support/follow';
import { token, type Issuer } from '../../support/forge';
import { watch } from '../../sql/support/outbox';
import { declaration, deploy } from '../../sql/support/platform';
import { startServer, type Server } from '../../sql/support/server';
import { readWorld, type Person, type World } from '../../sql/support/world';
import { freePort } from '../../support/ports';

export const greeting = 'good day to all of you';
const tenantLogins = 'm'.repeat(64);

/** A process of functions as a container runs it: the same bundles, environment and secrets. */
export interface Started extends Followed {
  readonly child: ChildProcess;
  readonly url: string;
  /** Lines of its log with this message, as objects. */
  readonly said: (message: string) => Record<string, unknown>[];
}

/** A database and a Redis with the platform's users, and the bundled functions of `app/functions/`. */
export class Platform {
  readonly issuer: Issuer = {
    key: 'k'.repeat(64),
    issuer: 'strata',
    audience: 'strata',
  };
  private readonly started: Started[] = [];

  private constructor(
    readonly server: Server,
    private readonly database: string,
    readonly world: World,
    readonly redisPort: number,
    private readonly folder: string,
    private readonly redis: ChildProcess,
    private readonly declared: readonly DeclaredFunction[],
    private readonly given: Readonly<Record<string, string>>,
  ) {}

  /** On a Postgres of its own, or on another one; with the tests' functions, or another application's and its secrets. */
  static async start(
    own?: Server,
    database = 'platform',
    { app, secrets }: { app: string; secrets: Record<string, string> } = {
      app: 'test/services/functions/app',
      secrets: { GREETING: greeting },
    },
  ): Promise<Platform> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-functions-'));
    const { functions: declared, problems } = readFunctions(app, Object.keys(declaration.tables));
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    const server = own ?? (await startServer());
    await deploy(server, database);
    await watch(server, database, declared);
    const admin = await server.connect('postgres', database);
    const world = await readWorld(admin);
    const redisPort = await freePort();
    const redis = await startRedis(folder, redisPort);
    return new Platform(server, database, world, redisPort, folder, redis, declared, secrets);
  }

  /** Starts a workload by its name and waits until it is ready; `only` its functions of these names. */
  async run(
    workload: 'functions' | 'functions-worker',
    {
      only,
      environment = {},
    }: { only?: readonly string[]; environment?: Record<string, string> } = {},
  ): Promise<Started> {
    const described = workloads(
      settings.parse({
        secrets: Object.fromEntries(Object.keys(this.given).map((name) => [name, 'of-a-test'])),
      }),
      this.declared,
    );
    const spec = described.find(({ name }) => name === workload);
    if (!spec) throw new Error(`there is no workload ${workload}`);
    const program = mkdtempSync(path.join(this.folder, `${workload}-`));
    mkdirSync(path.join(program, 'functions'));
    for (const [file, entry] of Object.entries(spec.program?.entries ?? {})) {
      const name = /^functions\/(.*)\.cjs$/.exec(file)?.[1];
      if (name !== undefined && only && !only.includes(name)) continue;
      writeFileSync(path.join(program, file), bundleOf(entry));
    }
    const port = await freePort();
    const secrets = Object.keys(spec.secrets).map((name) => {
      const file = path.join(program, name);
      writeFileSync(file, this.secret(name));
      return [`${name}_FILE`, file] as const;
    });
    const [, ...command] = (spec.command ?? []).map((word) => word.replace('{program}', program));
    const child = spawn(process.execPath, command, {
      cwd: program,
      env: {
        PATH: process.env.PATH,
        ...spec.environment,
        ...Object.fromEntries(secrets),
        PORT: String(port),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const followed = follow(child);
    const started: Started = {
      ...followed,
      lines: followed.lines,
      child,
      url: `http://127.0.0.1:${port}`,
      said: (message) =>
        followed.lines
          .filter((line) => line.includes(`"message":"${message}"`))
          .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
    this.started.push(started);
    await started.line(/"message":"ready"/);
    return started;
  }

  /** `Authorization` of somebody. */
  bearer({ id, role, tenant }: Person): Record<string, string> {
    const subject = { userId: id, tenantId: tenant, role: `tenant_${role}` };
    return { authorization: `Bearer ${token(this.issuer, subject)}` };
  }

  /** A connection to Redis as one of its users. */
  redisAs(user: string): Redis {
    return new Redis(`redis://${user}:${passwordOf(user)}@127.0.0.1:${this.redisPort}`, {
      maxRetriesPerRequest: 1,
    });
  }

  /** Every secret that a process was given, by name. */
  secrets(): Record<string, string> {
    const names = ['REDIS_URL', 'TENANT_LOGINS', 'JWT_KEY', ...Object.keys(this.given)];
    return {
      ...Object.fromEntries(names.map((name) => [name, this.secret(name)])),
      password: passwordOf('functions'),
    };
  }

  async stop(): Promise<void> {
    for (const { child, ended } of this.started) {
      child.kill('SIGKILL');
      await ended;
    }
    this.redis.kill('SIGKILL');
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private secret(name: string): string {
    const url = (login: string) => this.server.url(login, this.database);
    const values: Record<string, string> = {
      DATABASE_URL: url('strata_app'),
      OUTBOX_URL: url('strata_dispatcher'),
      REDIS_URL: `redis://functions:${passwordOf('functions')}@127.0.0.1:${this.redisPort}`,
      TENANT_LOGINS: tenantLogins,
      JWT_KEY: this.issuer.key,
      ...this.given,
    };
    const value = values[name];
    if (value === undefined) throw new Error(`no value for the secret ${name}`);
    return value;
  }
}

const bundles = new Map<string, string>();

function bundleOf(entry: string): string {
  const text = bundles.get(entry) ?? standalone(entry);
  bundles.set(entry, text);
  return text;
}

function passwordOf(user: string): string {
  return `password-of-${user}`;
}

/** A Redis with the users that the platform's has. */
async function startRedis(folder: string, port: number): Promise<ChildProcess> {
  const users = renderUsers();
  if (typeof users === 'string') throw new Error('the file of users is no template');
  const acl = users.template.replace(/\{\{(\w+)\}\}/g, (_all, name: string) =>
    passwordOf(name.toLowerCase()),
  );
  writeFileSync(path.join(folder, 'users.acl'), acl);
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--dir',
      folder,
      '--save',
      '',
      '--aclfile',
      path.join(folder, 'users.acl'),
      '--bind',
      '127.0.0.1',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await Promise.race([follow(child).line(/Ready to accept connections/), failure(child)]);
  return child;
}

async function failure(child: ChildProcess): Promise<never> {
  const [error] = (await once(child, 'error')) as [Error];
  throw new Error('redis-server is needed: apt-get install redis-server', { cause: error });
}
