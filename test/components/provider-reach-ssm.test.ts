import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { contextFor, removeProject } from '../support/local';

const project = await vi.hoisted(async () => {
  const { temporaryProject } = await import('../support/local');
  return temporaryProject();
});

import { readLive, withClient } from '../../provider/database/connect';
import { exportMetadata } from '../../provider/hasura/api';
import { postgres } from '../../provider/local/postgres';
import { stopProcesses } from '../../provider/local/processes';
import { volume } from '../../provider/local/volume';
import { parseReach } from '../../provider/reach/reach';
import { generate } from '../../provider/secrets/password';
import { authority } from '../../provider/tls/authority';
import { certificate } from '../../provider/tls/certificate';
import { AwsCliStandIn } from '../support/aws/cli';
import { HasuraStandIn } from '../support/hasura-stand-in';
import { freePort } from '../support/ports';
import { everyProcess, processesAbout, type Living } from '../support/processes';

const server = 'ssm://i-0123456789abcdef0?region=eu-central-1';
const password = generate(24);
const file = (name: string) => path.join(project, name);

let cli: AwsCliStandIn;
let port: number;

/** A real Postgres with TLS on this machine's loopback address. */
async function startPostgres(): Promise<void> {
  const root = (await authority.create({}, contextFor('authority'))).state;
  const issued = await certificate.create(
    { authority: root.certificate, authorityKey: root.key, names: ['127.0.0.1'] },
    contextFor('database'),
  );
  writeFileSync(file('ca.pem'), root.certificate);
  port = await freePort();
  const volumePath = '.strata/stacks/test/volumes/database-1';
  await volume.create({ path: volumePath }, contextFor('database-1'));
  const inputs = { volume: volumePath, port, database: 'strata', password, settings: {} };
  const { id, state } = await postgres.create(inputs, contextFor('database'));
  writeFileSync(file('cert.pem'), issued.state.certificate);
  writeFileSync(file('key.pem'), issued.state.key, { mode: 0o600 });
  // Where this is root, Postgres is somebody else.
  const { uid, gid } = statSync(path.join(file(volumePath), 'data'));
  chownSync(file('key.pem'), uid, gid);
  const settings = { ssl: 'on', ssl_cert_file: file('cert.pem'), ssl_key_file: file('key.pem') };
  await postgres.update?.(id, state, { ...inputs, settings }, contextFor('database'));
}

function url(parameters: Record<string, string>, host = '127.0.0.1'): string {
  return `postgres://postgres:${password}@${host}:${port}/strata?${new URLSearchParams(parameters).toString()}`;
}

async function ask(parameters: Record<string, string>, host?: string): Promise<unknown> {
  return withClient(url(parameters, host), async (client) => {
    const { rows } = await client.query<{ tls: boolean }>(
      'select ssl as tls from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0];
  });
}

/** A process that opens a connection of its own, says so, and does something then. */
function startUser(there: number, then: string): ChildProcessByStdio<null, Readable, null> {
  const program = file('user.cjs');
  const { bundle } = createRequire(path.resolve('engine/x'))('./load.cjs') as {
    bundle: (entry: string) => string;
  };
  const use = `module.exports.parseReach(process.argv[2]).to('127.0.0.1', process.argv[3])
    .then((open) => open().on('connect', function () { console.log('connected'); ${then}; }));`;
  writeFileSync(program, `${bundle('provider/reach/reach.ts')}\n${use}`);
  return spawn(process.execPath, [program, server, String(there)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The command, its plugin and what looks after them. */
function sessionsTo(there: number): Living[] {
  return everyProcess().filter(({ command }) => command.includes(`"portNumber":["${there}"]`));
}

describe('reaching a deployment by sessions of Systems Manager (a stand-in for the AWS CLI)', () => {
  beforeAll(async () => {
    cli = new AwsCliStandIn();
    await startPostgres();
  }, 60_000);
  afterAll(async () => {
    await stopProcesses('test');
    await cli.remove();
    removeProject(project);
  });
  beforeEach(() => {
    vi.stubEnv('PATH', cli.path);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('a database answers through one session, also with TLS verified inside', async () => {
    expect(await ask({ reach: server, sslmode: 'disable' })).toEqual({ tls: false });
    const verified = { sslmode: 'verify-full', sslrootcert: file('ca.pem') };
    expect(await Promise.all([1, 2].map(() => ask({ reach: server, ...verified })))).toEqual([
      { tls: true },
      { tls: true },
    ]);
    expect(cli.calls()).toEqual([
      [
        ...['ssm', 'start-session', '--region', 'eu-central-1', '--target', 'i-0123456789abcdef0'],
        ...['--document-name', 'AWS-StartPortForwardingSession'],
        ...['--parameters', JSON.stringify({ portNumber: [String(port)], localPortNumber: ['0'] })],
      ],
    ]);
  });

  test('a database beside the server is reached by its own name', async () => {
    await expect(ask({ reach: server }, 'database.test.invalid')).rejects.toThrow(
      /^postgres cannot connect to database\.test\.invalid:\d+\/strata: /,
    );
    const host = ['database.test.invalid'];
    const parameters = { host, portNumber: [String(port)], localPortNumber: ['0'] };
    expect(cli.calls().at(-1)?.slice(-3)).toEqual([
      'AWS-StartPortForwardingSessionToRemoteHost',
      '--parameters',
      JSON.stringify(parameters),
    ]);
  });

  test('a session that has ended is opened again', async () => {
    const other = server.replace('i-0', 'i-1');
    await ask({ reach: other });
    const all = processesAbout(cli.folder);
    const session = all.find(({ command }) => /^\S+ \S+\/aws ssm .*i-1/.test(command));
    const plugin = all.find(({ parent }) => parent === session?.pid);
    process.kill(plugin?.pid ?? 0);
    await expect.poll(everyProcess).not.toContainEqual(session);
    await expect.poll(() => ask({ reach: other })).toEqual({ tls: false });
    expect(cli.calls().filter((words) => words.includes('i-1123456789abcdef0'))).toHaveLength(2);
  });

  test('Hasura is told its metadata through it (a stand-in for its API)', async () => {
    const hasura = await HasuraStandIn.start('the admin secret', {});
    const { adminSecret } = hasura;
    const endpoint = `${hasura.endpoint}?reach=${encodeURIComponent(server)}`;
    const { signal } = new AbortController();
    expect(await exportMetadata({ endpoint, adminSecret }, signal)).toMatchObject({ version: 1 });
    await hasura.stop();
  });

  test('nothing of it outlives the process that opened it, which is not kept alive by it', async () => {
    const there = await freePort();
    const user = startUser(there, 'this.destroy()');
    expect(await once(user, 'exit')).toEqual([0, null]);
    await expect.poll(() => sessionsTo(there)).toEqual([]);
  });

  test('nor does it when that process is killed', async () => {
    const there = await freePort();
    const user = startUser(there, 'setInterval(() => undefined, 1000)');
    await once(user.stdout, 'data');
    expect(sessionsTo(there).length).toBeGreaterThan(2);
    user.kill('SIGKILL');
    await expect.poll(() => sessionsTo(there)).toEqual([]);
  });

  test.each([
    [
      'xx-plugin-1',
      /: SessionManagerPlugin is not found.*\nIt needs the Session Manager plugin too/s,
    ],
    ['xx-credentials-1', /: Unable to locate credentials.*\nLog in .* sts get-caller-identity/s],
    ['xx-connection-1', /TargetNotConnected.*\nThe agent of that server does not report/s],
  ])(
    'what is wrong in %s is told in the words of the command, with what to do',
    async (region, words) => {
      const reach = `ssm://i-0123456789abcdef0?region=${region}`;
      const failing = ask({ reach });
      await expect(failing).rejects.toThrow(words);
      await expect(failing).rejects.toThrow(
        /^postgres cannot connect to 127\.0\.0\.1:\d+\/strata: aws ssm start-session i-0123456789abcdef0: it ended: /,
      );
      expect(await readLive(url({ reach }), 'recorded', () => Promise.resolve('live'))).toBe(
        'recorded',
      );
    },
  );

  test('a machine without the AWS CLI is told to install it', async () => {
    vi.stubEnv('PATH', file('bin'));
    mkdirSync(file('bin'));
    symlinkSync('/bin/sh', path.join(file('bin'), 'sh'));
    await expect(ask({ reach: server.replace('i-0', 'i-2') })).rejects.toThrow(
      /aws: .*not found.*\nInstall the AWS CLI .*Session Manager plugin$/,
    );
  });
});

describe('where sessions go', () => {
  test.each([
    'ssm://web?region=eu-central-1',
    'ssm://i-0123456789abcdef0',
    'ssm://i-0123456789abcdef0?region=Frankfurt',
    'ssm://i-0123456789abcdef0?region=eu-central-1&profile=x',
    'ssm://user@i-0123456789abcdef0?region=eu-central-1',
    'ssm://i-0123456789abcdef0:22?region=eu-central-1',
    'ssm://i-0123456789abcdef0/path?region=eu-central-1',
    'ssm://',
  ])('%j is refused', (text) => {
    expect(() => parseReach(text)).toThrow(
      'must look like ssm://i-0123456789abcdef0?region=eu-central-1',
    );
  });

  test.each(['https://host', 'host', ''])('%j is no way at all', (text) => {
    expect(() => parseReach(text)).toThrow('must look like ssh://user@host or ssm://');
  });
});
