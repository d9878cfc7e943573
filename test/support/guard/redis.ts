import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { renderUsers } from '../../../components/services/redis';
import { freePort } from '../ports';

/** Why a real Redis cannot be run here; undefined when it can. */
export const noRedis: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed (apt-get install redis-server)';

/** Of every user of the cache, in tests. */
const password = 'not-a-real-password';

/** A real Redis with the users that the platform makes; it can be ended, frozen and started again. */
export class RedisServer {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-guard-redis-'));
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    const users = renderUsers();
    const text = typeof users === 'string' ? users : users.template;
    writeFileSync(
      path.join(server.folder, 'users.acl'),
      // Tests look at what the guard's user may not see.
      `${text.replaceAll(/\{\{\w+\}\}/g, password)}user test on >${password} ~* &* +@all\n`,
    );
    await server.start();
    return server;
  }

  /** As the platform tells the guard. */
  get url(): string {
    return this.urlOf('guard');
  }

  /** As one of the platform's users. */
  urlOf(user: string): string {
    return `redis://${user}:${password}@127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    // prettier-ignore
    const child = spawn('redis-server', [
      '--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'no',
      '--aclfile', path.join(this.folder, 'users.acl'), '--maxmemory', '64mb', '--maxmemory-policy', 'noeviction',
    ], { stdio: 'ignore' });
    this.child = child;
    this.ended = new Promise((resolve) => child.once('exit', resolve));
    for (;;) {
      try {
        await this.admin((redis) => redis.ping());
        return;
      } catch (error) {
        if (child.exitCode !== null) throw error;
        await sleep(20);
      }
    }
  }

  /** Asks as a user who may do anything. */
  async admin<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.port, '127.0.0.1', {
      username: 'test',
      password,
      retryStrategy: () => null,
      lazyConnect: true,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
