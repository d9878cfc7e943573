import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './ports';

const program = '/usr/sbin/sshd';

/** Why tests with an SSH server cannot run here, printed once; `undefined` when they can. */
export function whyNoSshd(): string | undefined {
  if (existsSync(program)) return undefined;
  const reason = `there is no ${program} (apt: openssh-server)`;
  process.stderr.write(`Tests with an SSH server are skipped: ${reason}\n`);
  return reason;
}

/**
 * A real SSH server of this user's own, on a port of its own, with keys of its own. `PATH` in `environment` has an `ssh`
 * in front that reads this server's config and known_hosts in the place of the person's.
 */
export class SshServer {
  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<SshServer> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-sshd-'));
    const at = (name: string) => path.join(folder, name);
    for (const key of ['host', 'user', 'stranger']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
    }
    execFileSync('cp', [at('user.pub'), at('authorized')]);
    const port = await freePort();
    const { username } = os.userInfo();
    writeFileSync(
      at('sshd_config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${at('host')}`,
        `AuthorizedKeysFile ${at('authorized')}`,
        `PidFile ${at('pid')}`,
        'PermitRootLogin yes',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'UsePAM no',
        'StrictModes no',
        '',
      ].join('\n'),
    );
    // What sshd wants where it drops its rights; the package's service would have made it.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const child = spawn(program, ['-D', '-e', '-f', at('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const url = `ssh://${username}@127.0.0.1:${port}`;
    const server = new SshServer(folder, port, url, child);
    await server.listening();
    server.know('host');
    server.use('user');
    mkdirSync(at('bin'));
    writeFileSync(at('bin/ssh'), `#!/bin/sh\nexec "${real()}" -F "${at('config')}" "$@"\n`, {
      mode: 0o755,
    });
    return server;
  }

  get path(): string {
    return `${path.join(this.folder, 'bin')}:${process.env.PATH ?? ''}`;
  }

  /** Whose key the person's known_hosts has for this server: its own, another's or nobody's. */
  know(key: 'host' | 'stranger' | undefined): void {
    const [type = '', text = ''] = key
      ? execFileSync('cat', [path.join(this.folder, `${key}.pub`)], { encoding: 'utf8' }).split(' ')
      : [];
    const line = key ? `[127.0.0.1]:${this.port} ${type} ${text}\n` : '';
    writeFileSync(path.join(this.folder, 'known_hosts'), line);
  }

  /** The key that the person logs in with. */
  use(key: 'user' | 'stranger'): void {
    writeFileSync(
      path.join(this.folder, 'config'),
      [
        'Host *',
        `  UserKnownHostsFile ${path.join(this.folder, 'known_hosts')}`,
        '  GlobalKnownHostsFile /dev/null',
        `  IdentityFile ${path.join(this.folder, key)}`,
        '  IdentitiesOnly yes',
        '  IdentityAgent none',
        '',
      ].join('\n'),
    );
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listening(): Promise<void> {
    let said = '';
    const { stderr } = this.child;
    if (!stderr) throw new Error('sshd has no stderr');
    for await (const chunk of stderr.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.includes('Server listening')) {
        stderr.resume();
        return;
      }
    }
    throw new Error(`sshd ended: ${said}`);
  }
}

function real(): string {
  return execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
}
