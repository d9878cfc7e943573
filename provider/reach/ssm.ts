import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Socket } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { UserError } from '../../engine/errors';

const openTimeoutMs = 30_000;
const shownLines = 5;
const keptCharacters = 16 * 1024;
const opened = /^Port (\d+) opened for sessionId/m;
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** A server of EC2 whose agent lets sessions through. */
interface SsmServer {
  readonly instanceId: string;
  readonly region: string;
}

/** Reads `ssm://i-0123456789abcdef0?region=eu-central-1`. */
export function parseSsmServer(text: string): SsmServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const region = url?.searchParams.get('region') ?? '';
  const instanceId = url?.hostname ?? '';
  // Nothing but these two: what else is in it would be lost in silence.
  if (
    text !== `ssm://${instanceId}?region=${region}` ||
    !/^i-[0-9a-f]{8,17}$/.test(instanceId) ||
    !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)
  ) {
    throw new UserError('must look like ssm://i-0123456789abcdef0?region=eu-central-1');
  }
  return { instanceId, region };
}

/**
 * Runs `aws` in a group of its own, which ends with it, and when its input is closed: by us, or because this process is gone,
 * however that came. Alone `aws` would leave the plugin behind, and the plugin its open port.
 */
const script = '(aws "$@" </dev/null; kill $$) & read -r _; kill 0';

/** By server, host and port: a session carries any number of connections. */
const tunnels = new Map<string, Promise<number>>();

/**
 * The local port that leads to a host and port as the server reaches them. A session is opened at the first call and again
 * after it ended; it ends with this process. It listens on this machine's loopback address only, where other users of this
 * machine reach it too: what is behind it has to ask for a password.
 */
export function tunnelTo(server: SsmServer, host: string, port: string): Promise<number> {
  const key = JSON.stringify([server, host, port]);
  const there = tunnels.get(key);
  if (there) return there;
  const tunnel = open(server, host, port, () => tunnels.delete(key));
  tunnels.set(key, tunnel);
  return tunnel;
}

/** A connection through a tunnel's local port. */
export class TunnelSocket extends Socket {
  constructor(port: number) {
    super();
    super.connect({ port, host: 'localhost' });
  }

  /** pg asks every socket to connect, and then waits for the event; this one is connecting since it was made. */
  override connect(): this {
    if (!this.connecting) process.nextTick(() => this.emit('connect'));
    return this;
  }
}

function open(server: SsmServer, host: string, port: string, forget: () => void): Promise<number> {
  const words = sessionArguments(server, host, port);
  const session = spawn('sh', ['-c', script, 'sh', ...words], { stdio: 'pipe', detached: true });
  const fail = (why: string) => new UserError(`aws ssm start-session ${server.instanceId}: ${why}`);
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => {
      reject(fail(`no session within ${openTimeoutMs / 1000} s${lastWords(said)}`));
      session.stdin.end();
    }, openTimeoutMs);
    const listen = (piece: Buffer) => {
      said = (said + piece.toString()).slice(-keptCharacters);
      const port = opened.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(late);
      letGo(session);
      resolve(Number(port));
    };
    session.stdout.on('data', listen);
    session.stderr.on('data', listen);
    session.on('error', reject);
    session.on('close', () => {
      clearTimeout(late);
      forget();
      const words = lastWords(said);
      reject(fail(`it ended${words}${adviceFor(words, server)}`));
    });
  });
}

function sessionArguments({ instanceId, region }: SsmServer, host: string, port: string): string[] {
  const [document, there] = loopback.test(host)
    ? ['AWS-StartPortForwardingSession', {}]
    : ['AWS-StartPortForwardingSessionToRemoteHost', { host: [host.replace(/^\[|\]$/g, '')] }];
  // The plugin takes a free port for 0, and says which.
  const parameters = JSON.stringify({ ...there, portNumber: [port], localPortNumber: ['0'] });
  return [
    ...['ssm', 'start-session', '--region', region, '--target', instanceId],
    ...['--document-name', document, '--parameters', parameters],
  ];
}

/** Whoever has nothing else to do may end, and the session with it. */
function letGo(session: ChildProcessWithoutNullStreams): void {
  session.unref();
  // They are sockets, which their types do not say.
  for (const pipe of [session.stdin, session.stdout, session.stderr]) (pipe as Socket).unref();
}

function lastWords(said: string): string {
  const lines = stripVTControlCharacters(said).trim().split('\n').slice(-shownLines);
  const words = lines.join('\n').trim();
  return words && `: ${words}`;
}

function adviceFor(words: string, { instanceId, region }: SsmServer): string {
  if (/\baws: .*not found/.test(words)) {
    return (
      '\nInstall the AWS CLI (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html) and its ' +
      'Session Manager plugin'
    );
  }
  if (words.includes('SessionManagerPlugin is not found')) {
    return (
      '\nIt needs the Session Manager plugin too: ' +
      'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html'
    );
  }
  if (
    /Unable to locate credentials|ExpiredToken|InvalidClientTokenId|UnrecognizedClient/.test(words)
  ) {
    return '\nLog in (aws sso login, aws configure) and name the profile (AWS_PROFILE): see that `aws sts get-caller-identity` works';
  }
  if (words.includes('TargetNotConnected')) {
    return (
      '\nThe agent of that server does not report: see whether it runs, and has a way out to Systems Manager ' +
      `(aws ssm describe-instance-information --region ${region} --filters Key=InstanceIds,Values=${instanceId})`
    );
  }
  return '';
}
