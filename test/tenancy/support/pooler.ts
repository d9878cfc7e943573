import { buildSync } from 'esbuild';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, type ClientConfig } from 'pg';
import {
  consoleUser,
  poolerFolder,
  renderPooler,
} from '../../../components/services/database/pooler';
import { pooledRoles } from '../../../components/services/database/connections';
import { placeOf, tenantRole } from '../../../components/tenancy/places';
import { tenantPassword } from '../../../components/tenancy/login';
import { settingsSchema } from '../../../components/settings/schema';
import { root } from '../../../engine/root';
import { serverUser } from '../../../provider/local/folders';
import { issueAuthority, issueCertificate, type Issued } from '../../../provider/tls/issue';
import { follow, type Followed } from '../../support/follow';
import { freePort } from '../../support/ports';
import { master, passwordOf, type Shard } from './pooler-shard';

/** `STRATA_TEST_PGBOUNCER` names another one than the system's, so that the same tests run on another version. */
const program = process.env.STRATA_TEST_PGBOUNCER ?? 'pgbouncer';

/** Why there is no pooler to test with; `undefined` when there is one. */
export const noPgbouncer = ((): string | undefined => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} cannot be run here (apt-get install pgbouncer)`;
  }
})();

/** PgBouncer refuses to run as root. */
const user = serverUser();

/** PgBouncer with the platform's own configuration and, beside it, the program that keeps what it includes. */
export class Pooler {
  private readonly children = new Set<ChildProcess>();
  private readonly clients: Client[] = [];

  private constructor(
    readonly folder: string,
    private readonly main: Shard,
    private readonly authority: Issued,
    readonly port: number,
  ) {}

  /** Lays everything down for a pooler before `main`; nothing runs yet. */
  static async create(main: Shard): Promise<Pooler> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-pooler-'));
    chmodSync(folder, 0o711);
    const authority = await issueAuthority('Strata tests', 2);
    const pooler = new Pooler(folder, main, authority, await freePort());
    const { certificate, key } = await issueCertificate(['localhost'], 2, authority);
    const logins = [...Object.values(pooledRoles), 'strata_monitor', consoleUser];
    pooler.write('authority.pem', authority.certificate);
    pooler.write('certificate.pem', certificate);
    pooler.write('key.pem', key);
    pooler.write(
      'userlist.txt',
      logins.map((login) => `"${login}" "${passwordOf(login)}"\n`).join(''),
    );
    pooler.write('pgbouncer.ini', pooler.configuration());
    mkdirSync(pooler.registry);
    if (user) chownSync(pooler.registry, user.uid, user.gid);
    buildSync({
      entryPoints: [path.join(root, 'components/services/images/pooler-registry/server.ts')],
      outfile: path.join(folder, 'server.cjs'),
      bundle: true,
      platform: 'node',
      target: 'node20',
      external: ['pg-native'],
      logLevel: 'error',
    });
    return pooler;
  }

  /** Where the program writes. */
  get registry(): string {
    return path.join(this.folder, 'registry');
  }

  /** Its console, as the program that drives it gets there. */
  get console(): ClientConfig {
    return {
      host: '127.0.0.1',
      port: this.port,
      user: consoleUser,
      password: passwordOf(consoleUser),
      ssl: { ca: this.authority.certificate, servername: 'localhost' },
    };
  }

  async startPgbouncer(): Promise<Followed> {
    const followed = this.run(program, [path.join(this.folder, 'pgbouncer.ini')], {});
    await followed.line(/process up/);
    return followed;
  }

  /** What another PgBouncer says that starts with the files as they lie there; it is ended at once. */
  async tryFiles(): Promise<'starts'> {
    const own = this.configuration().replace(
      /^listen_port = .*$/m,
      `listen_port = ${await freePort()}`,
    );
    const started = this.run(program, [this.write('try.ini', own)], {});
    await started.line(/process up/);
    process.kill(started.pid, 'SIGKILL');
    await started.ended;
    return 'starts';
  }

  /** Writes pgbouncer.ini anew, with another line among its databases. */
  configure(line = ''): void {
    const text = this.configuration().replace('[databases]\n', `[databases]\n${line}\n`);
    this.write('pgbouncer.ini', text);
  }

  /** The program as the platform runs it; `given` are other variables. */
  async startRegistry(given: Readonly<Record<string, string>> = {}): Promise<Followed> {
    const secrets = {
      DATABASE_URL: this.main.url('strata_pooler'),
      CONSOLE_PASSWORD: passwordOf(consoleUser),
      TENANT_LOGINS: master,
      AUTHORITY: this.authority.certificate,
    };
    const files = Object.entries(secrets).map(([name, text]) => [
      `${name}_FILE`,
      this.write(`${name}.secret`, text),
    ]);
    return this.run(process.execPath, [path.join(this.folder, 'server.cjs')], {
      PORT: String(await freePort()),
      POOLER_FOLDER: this.registry,
      POOLER_HOST: 'localhost',
      POOLER_PORT: String(this.port),
      CONSOLE_USER: consoleUser,
      TENANT_CONNECTIONS: '3',
      TENANT_CAPACITY: '30',
      USERS: path.join(this.folder, 'userlist.txt'),
      ...(Object.fromEntries(files) as Record<string, string>),
      ...given,
    });
  }

  /** A client of the pooler, which notes what ends it. */
  async connect(login: string, password: string, database: string): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.port,
      user: login,
      password,
      database,
      ssl: { ca: this.authority.certificate, servername: 'localhost' },
    });
    client.on('error', () => undefined);
    await client.connect();
    this.clients.push(client);
    return client;
  }

  connectTenant(id: string, { generation = 1, to = id } = {}): Promise<Client> {
    const { database } = placeOf(to, 'database');
    return this.connect(tenantRole(id), tenantPassword(master, id, generation), database);
  }

  connectPlatform(login: string, database = 'strata'): Promise<Client> {
    return this.connect(login, passwordOf(login), database);
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end().catch(() => undefined)));
    await Promise.all(
      [...this.children].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What the platform renders, at this machine's addresses; Postgres has no certificate here. */
  private configuration(): string {
    const at = (name: string) => path.join(this.folder, name);
    const changes = {
      listen_addr: '127.0.0.1',
      listen_port: String(this.port),
      unix_socket_dir: '',
      auth_file: at('userlist.txt'),
      client_tls_cert_file: at('certificate.pem'),
      client_tls_key_file: at('key.pem'),
      client_tls_ca_file: at('authority.pem'),
      server_tls_sslmode: 'disable',
      server_tls_ca_file: at('authority.pem'),
      query_wait_timeout: '5',
    };
    const rendered = renderPooler(settingsSchema.parse({}).database)
      .replace('host=database port=5432', `host=127.0.0.1 port=${this.main.port}`)
      .replace(`%include ${poolerFolder}`, `%include ${this.registry}`);
    return Object.entries(changes).reduce(
      (text, [key, value]) => text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`),
      rendered,
    );
  }

  private run(command: string, args: readonly string[], env: Record<string, string>): Followed {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...env },
      ...user,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.add(child);
    return follow(child);
  }

  private write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (user) chownSync(file, user.uid, user.gid);
    return file;
  }
}
