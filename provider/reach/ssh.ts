import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex, finished } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { UserError } from '../../engine/errors';

const connectTimeoutSeconds = 10;
const shownLines = 5;

/** Where ssh goes to: `ssh://deploy@db.example.com:2222`. */
export interface SshHost {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

/** Names that ssh takes for nothing else: no option (`-oProxyCommand=…`), no shell's sign. */
const userName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const hostName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$|^[0-9a-fA-F:.]+$/;

/**
 * Reads `ssh://[user@]host[:port]`; the host may be an alias of ~/.ssh/config.
 * Throws a `UserError` that never repeats a password.
 */
export function parseSshHost(text: string): SshHost {
  const wanted = 'must look like ssh://user@host or ssh://user@host:22';
  if (!URL.canParse(text) || !text.startsWith('ssh://')) throw new UserError(wanted);
  const { username, password, hostname, port, pathname, search, hash } = new URL(text);
  if (password) {
    throw new UserError(
      `${wanted}, without a password: ssh logs in with a key (ssh-agent or ~/.ssh/config)`,
    );
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const user = decodeURIComponent(username);
  if ((user && !userName.test(user)) || !hostName.test(host)) throw new UserError(wanted);
  if ((pathname && pathname !== '/') || search || hash) {
    throw new UserError(`${wanted}, with nothing after it`);
  }
  return { user: user || undefined, host, port: port || undefined };
}

/** The other end of a connection through ssh. */
export type SshEnd =
  /** A command that is run there; the connection is its stdin and stdout. */
  | { readonly command: readonly string[] }
  /** A host and port as they are reached from there. */
  | { readonly forward: string };

/**
 * A connection through the `ssh` command: it reads ~/.ssh/config, the agent's keys and known_hosts as the person's own
 * ssh does. Nothing is asked: a host whose key is not known, or another than before, is refused. No local port is opened.
 * When ssh fails the stream ends with a `UserError` that holds its last words.
 */
export class SshStream extends Duplex {
  private readonly child: ChildProcessWithoutNullStreams;
  private complaint = '';

  constructor(
    private readonly target: SshHost,
    end: SshEnd,
  ) {
    super();
    this.child = spawn('ssh', sshArguments(target, end), { stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.child;
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on('data', (chunk: Buffer) => (this.complaint += chunk.toString()));
    // Its end says why; a pipe that breaks says only that it did.
    stdin.on('error', () => undefined);
    this.child.on('error', (error: NodeJS.ErrnoException) =>
      this.destroy(
        new UserError(error.code === 'ENOENT' ? 'ssh is not installed here' : error.message),
      ),
    );
    this.child.on('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new UserError(this.failure(code)));
    });
  }

  /** A net.Socket's method, which pg calls: ssh is connecting since it was made. */
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  /** Methods of a net.Socket that HTTP and pg call, and that mean nothing here. */
  setNoDelay = (): this => this;
  setKeepAlive = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.child.stdin.write(chunk, () => done());
  }

  /** Where ssh has ended already, `end` alone would never say that it is done, and whoever closes this would wait for ever. */
  override _final(done: () => void): void {
    const { stdin } = this.child;
    finished(stdin, { readable: false }, () => done());
    stdin.end();
  }

  /** Closed is what left nothing behind; until then whoever uses it (TLS in it) has said what was wrong. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) {
      done(error);
      return;
    }
    this.child.once('exit', () => done(error));
    this.child.kill();
  }

  private failure(code: number | null): string {
    const { user, host } = this.target;
    const said = stripVTControlCharacters(this.complaint).trim().split('\n').slice(-shownLines);
    const words = said.join('\n').trim() || `it ended with ${code ?? 'a signal'}`;
    const who = user ? `${user}@${host}` : host;
    return `ssh ${who}: ${words}${adviceFor(words, who)}`;
  }
}

function sshArguments({ user, host, port }: SshHost, end: SshEnd): string[] {
  return [
    ...['-T', '-a', '-x', '-o', 'BatchMode=yes'],
    ...['-o', `ConnectTimeout=${connectTimeoutSeconds}`],
    ...(port ? ['-p', port] : []),
    ...('forward' in end ? ['-W', end.forward] : []),
    ...(user ? ['-l', user] : []),
    '--',
    host,
    ...('command' in end ? end.command : []),
  ];
}

function adviceFor(words: string, who: string): string {
  if (words.includes('REMOTE HOST IDENTIFICATION HAS CHANGED') || words.includes('has changed')) {
    return (
      '\nIts key is another than before: somebody may sit in between. Ask whoever runs the host, and only then take the ' +
      'old key out of known_hosts (ssh-keygen -R)'
    );
  }
  if (words.includes('Host key verification failed')) {
    return `\nIts key is not known here: run \`ssh ${who}\` once, compare the key and accept it`;
  }
  if (words.includes('Permission denied')) {
    return `\nIt does not accept a key of yours: see that \`ssh -o BatchMode=yes ${who} true\` works`;
  }
  return '';
}
