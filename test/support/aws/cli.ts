import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endAll } from '../processes';

/** What the command does, by the region that it is asked for; it works in others. */
const troubles = {
  'xx-plugin-1':
    'SessionManagerPlugin is not found. Please refer to SessionManager Documentation here: http://docs.aws.amazon.com/console/systems-manager/session-manager-plugin-not-found',
  'xx-credentials-1':
    'Unable to locate credentials. You can configure credentials by running "aws configure".',
  'xx-connection-1':
    'An error occurred (TargetNotConnected) when calling the StartSession operation: i-0123456789abcdef0 is not connected.',
} as const;

/** Where a server finds what it is asked for: `host:port` → port of this machine. */
type Routes = Readonly<Record<string, number>>;

/** The plugin, as its source has it (session-manager-plugin, BasicPortForwarding): it picks a port and says which. */
const program = (routes: Routes): string => `#!${process.execPath}
const { appendFileSync, rmSync } = require('node:fs');
const net = require('node:net');
const { spawn } = require('node:child_process');
const [mode, ...words] = process.argv.slice(2);
const routes = ${JSON.stringify(routes)};
if (mode !== 'plugin') {
  const option = (name) => words[words.indexOf(name) + 1];
  const trouble = ${JSON.stringify(troubles)}[option('--region')];
  appendFileSync(__dirname + '/calls', JSON.stringify([mode, ...words]) + '\\n');
  let down = true;
  try { rmSync(__dirname + '/down'); } catch { down = false; }
  if (down) {
    process.stderr.write('\\nCould not connect to the endpoint URL\\n');
    process.exit(255);
  }
  if (trouble) {
    process.stderr.write('\\n' + trouble + '\\n');
    process.exit(255);
  }
  const plugin = spawn(process.execPath, [__filename, 'plugin', option('--parameters')], { stdio: 'inherit' });
  plugin.on('exit', (code) => process.exit(code));
} else {
  const { host: [host] = ['localhost'], portNumber: [port], localPortNumber: [local] } = JSON.parse(words[0]);
  appendFileSync(__dirname + '/plugins', process.pid + '\\n');
  const server = net.createServer((here) => {
    const route = routes[host + ':' + port];
    const there = net.connect(route ? { host: '127.0.0.1', port: route } : { host, port: Number(port) });
    here.pipe(there).pipe(here);
    here.on('error', () => there.destroy());
    there.on('error', () => here.destroy());
  });
  server.listen(Number(local), 'localhost', () => {
    process.stdout.write('\\nStarting session with SessionId: stand-in\\n');
    process.stdout.write('Port ' + server.address().port + ' opened for sessionId stand-in.\\nWaiting for connections...\\n');
  });
}
`;

/** A stand-in for the AWS CLI with its Session Manager plugin: sessions lead to this machine. */
export class AwsCliStandIn {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-aws-cli-'));
  /** A PATH with it in front. */
  readonly path = `${this.folder}:${process.env.PATH ?? ''}`;

  constructor(routes: Routes = {}) {
    const file = path.join(this.folder, 'aws');
    writeFileSync(file, program(routes));
    chmodSync(file, 0o755);
  }

  /** A shell command that ends every session, and the next one before it begins, as a lost network does. */
  get cut(): string {
    return `touch ${this.folder}/down; kill $(cat ${this.folder}/plugins)`;
  }

  /** The arguments of each call. */
  calls(): string[][] {
    const file = path.join(this.folder, 'calls');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as string[]);
  }

  async remove(): Promise<void> {
    await endAll(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
