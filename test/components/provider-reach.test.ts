import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { messageOf } from '../../engine/errors';
import { readLive, withClient } from '../../provider/database/connect';
import { withEngine } from '../../provider/docker/engine';
import { files } from '../../provider/docker/files';
import { exportMetadata, replaceMetadata } from '../../provider/hasura/api';
import { parseSshHost } from '../../provider/reach/ssh';
import { generate } from '../../provider/secrets/password';
import { authority } from '../../provider/tls/authority';
import { certificate } from '../../provider/tls/certificate';
import { engine, removeAll, shellImage, whyNoDocker } from '../support/docker';
import { HasuraStandIn } from '../support/hasura-stand-in';
import { contextFor } from '../support/local';
import { SshServer, whyNoSshd } from '../support/sshd';
import { freePort } from '../support/ports';

const image = 'postgres:15';
const prefix = 't-provider-reach';
const settings = [
  'ssl=on',
  'ssl_cert_file=/run/strata/certificate',
  'ssl_key_file=/run/strata/key',
];
const password = generate(24);
const reason = whyNoSshd() ?? (await whyNoDocker()) ?? (await whyNoPostgres());

let ssh: SshServer;
let port: number;
let folder: string;

async function whyNoPostgres(): Promise<string | undefined> {
  const there = await engine
    .getImage(image)
    .inspect()
    .catch(() => undefined);
  if (there) return undefined;
  process.stderr.write(`Tests of the database's reach are skipped: the engine has no ${image}\n`);
  return `no ${image}`;
}

/** Postgres with TLS, by files and certificates of ours, on this machine's loopback address only. */
async function startPostgres(): Promise<void> {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-reach-'));
  const root = (await authority.create({}, contextFor('authority'))).state;
  const other = (await authority.create({}, contextFor('other'))).state;
  writeFileSync(path.join(folder, 'ca.pem'), root.certificate);
  writeFileSync(path.join(folder, 'other.pem'), other.certificate);
  const { state } = await certificate.create(
    { authority: root.certificate, authorityKey: root.key, names: ['database', '127.0.0.1'] },
    contextFor('database'),
  );
  const volume = await files.create(
    {
      prefix,
      files: { certificate: state.certificate, key: state.key, password },
      uid: 999,
      gid: 999,
      image: shellImage,
    },
    contextFor('files-database'),
  );
  port = await freePort();
  const container = await engine.createContainer({
    name: `${prefix}-database`,
    Image: image,
    User: '999:999',
    Env: ['POSTGRES_PASSWORD_FILE=/run/strata/password'],
    Cmd: ['postgres', ...settings.flatMap((setting) => ['-c', setting])],
    HostConfig: {
      Mounts: [{ Type: 'volume', Source: volume.id, Target: '/run/strata', ReadOnly: true }],
      PortBindings: { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
    },
  });
  await container.start();
}

function url(parameters: Record<string, string> = {}, host = '127.0.0.1'): string {
  return `postgres://postgres:${password}@${host}:${port}/postgres?${new URLSearchParams(parameters).toString()}`;
}

function reached(endpoint: string, host: string): string {
  return `${endpoint}?reach=${encodeURIComponent(host)}`;
}

async function ask(parameters: Record<string, string>): Promise<unknown> {
  return withClient(url(parameters), async (client) => {
    const { rows } = await client.query<{ tls: boolean }>(
      'select ssl as tls from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0];
  });
}

describe.skipIf(reason)(
  'reaching a database and an engine (sshd, a Docker engine, postgres:15)',
  () => {
    beforeAll(async () => {
      await removeAll(prefix);
      ssh = await SshServer.start();
      await startPostgres();
      await vi.waitFor(() => ask({}), { timeout: 30_000, interval: 300 });
    }, 60_000);

    afterAll(async () => {
      await ssh.stop();
      await removeAll(prefix);
      rmSync(folder, { recursive: true, force: true });
    });

    beforeEach(() => {
      vi.stubEnv('PATH', ssh.path);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
      ssh.know('host');
      ssh.use('user');
    });

    test('a database answers through ssh', async () => {
      expect(await ask({ reach: ssh.url })).toEqual({ tls: false });
    });

    test('with TLS inside, verified against the authority of the URL', async () => {
      const verified = { sslmode: 'verify-full', sslrootcert: path.join(folder, 'ca.pem') };
      expect(await ask(verified)).toEqual({ tls: true });
      expect(await ask({ ...verified, reach: ssh.url })).toEqual({ tls: true });
      await expect(
        ask({ ...verified, sslrootcert: path.join(folder, 'other.pem'), reach: ssh.url }),
      ).rejects.toThrow(/^postgres cannot connect to 127\.0\.0\.1:\d+\/postgres: .*certificate/);
      await expect(ask({ sslmode: 'verify-full', reach: ssh.url })).rejects.toThrow(/certificate/);
    });

    test('sslmode means what psql makes of it', async () => {
      expect(await ask({ sslmode: 'disable' })).toEqual({ tls: false });
      expect(await ask({ sslmode: 'require' })).toEqual({ tls: true });
      const other = path.join(folder, 'other.pem');
      await expect(ask({ sslmode: 'require', sslrootcert: other })).rejects.toThrow(/certificate/);
      await expect(ask({ sslmode: 'verify-ca' })).rejects.toThrow(/sslrootcert/);
    });

    test('a sslrootcert that is not there is told as such', async () => {
      await expect(ask({ sslmode: 'verify-full', sslrootcert: '/none/ca.pem' })).rejects.toThrow(
        /^cannot connect to 127\.0\.0\.1:\d+\/postgres: .*no such file.*\/none\/ca\.pem/,
      );
    });

    test('a connection that is closed leaves no ssh behind', async () => {
      await withClient(url({ reach: ssh.url }), async (client) => {
        const { rows } = await client.query<{ address: string }>(
          'select client_port::text as address from pg_stat_activity where pid = pg_backend_pid()',
        );
        expect(rows).toHaveLength(1);
        expect(children()).toHaveLength(1);
      });
      await expect.poll(children).toEqual([]);
    });

    test('a host whose key is not known is refused, with what to do', async () => {
      ssh.know(undefined);
      await expect(ask({ reach: ssh.url })).rejects.toThrow(
        /cannot connect to 127\.0\.0\.1:\d+\/postgres: ssh \w+@127\.0\.0\.1: .*Host key verification failed\.\s+Its key is not known here: run `ssh /s,
      );
    });

    test('a host whose key has changed is refused, with a warning', async () => {
      ssh.know('stranger');
      await expect(ask({ reach: ssh.url })).rejects.toThrow(/somebody may sit in between/);
    });

    test('a login that is refused, and an outage, are told in the words of ssh', async () => {
      ssh.use('stranger');
      await expect(ask({ reach: ssh.url })).rejects.toThrow(
        /Permission denied \(publickey\)\.\s+It does not accept a key of yours/,
      );
      ssh.use('user');
      const nobody = `ssh://nobody@127.0.0.1:${await freePort()}`;
      await expect(ask({ reach: nobody })).rejects.toThrow(/ssh nobody@127\.0\.0\.1: .*refused/);
      expect(
        await readLive(url({ reach: nobody }), 'recorded', () => Promise.resolve('live')),
      ).toBe('recorded');
    });

    test('no error repeats the password', async () => {
      const wrong: Record<string, string>[] = [
        { reach: 'ssh://-oProxyCommand=x' },
        { reach: 'ssh://a:b@c' },
        { sslrootcert: '/none' },
      ];
      const errors = await Promise.all(
        wrong.map((parameters) => ask(parameters).then(() => '', messageOf)),
      );
      for (const error of errors) expect(error).toMatch(/reach|sslrootcert|no such file/);
      expect(errors.join('\n')).not.toContain(password);
    });

    test('Hasura is told its metadata through ssh (a stand-in for its API)', async () => {
      const hasura = await HasuraStandIn.start('the admin secret', {});
      onTestFinished(() => hasura.stop());
      const { adminSecret } = hasura;
      const { signal } = new AbortController();
      const there = { endpoint: reached(hasura.endpoint, ssh.url), adminSecret };
      await replaceMetadata(there, 1, { version: 3, sources: [] }, signal);
      expect(await exportMetadata(there, signal)).toMatchObject({ version: 2 });
      ssh.use('stranger');
      await expect(exportMetadata(there, signal)).rejects.toThrow(
        /^Hasura does not answer at http:\/\/127\.0\.0\.1:\d+: ssh .*Permission denied/s,
      );
    });

    test('an engine answers through ssh, over one connection', async () => {
      const { ID } = (await engine.info()) as { ID: string };
      const ids = await withEngine(ssh.url, async (docker) => [
        ((await docker.info()) as { ID: string }).ID,
        ((await docker.info()) as { ID: string }).ID,
        ((await docker.info()) as { ID: string }).ID,
      ]);
      expect(ids).toEqual([ID, ID, ID]);
      expect(children()).toHaveLength(1);
    });

    test('files and output go through ssh whole', async () => {
      const context = contextFor('files-remote');
      const large = Array.from({ length: 20_000 }, (_, line) => `line ${line} of a file`).join(
        '\n',
      );
      const { id, state } = await files.create(
        { host: ssh.url, prefix, files: { large }, uid: 0, gid: 0, image: shellImage },
        context,
      );
      const mount = { Type: 'volume' as const, Source: id, Target: '/run/strata' };
      const reader = await engine.createContainer({
        Image: shellImage,
        Cmd: ['sha256sum', '/run/strata/large'],
        HostConfig: { Mounts: [mount] },
      });
      await reader.start();
      await reader.wait();
      const log = (await reader.logs({ stdout: true })).toString();
      expect(log).toContain(createHash('sha256').update(large).digest('hex'));
      await reader.remove();
      await files.delete(id, state, context);
    });
  },
);

describe('an engine that is away', () => {
  const answer = (host: string) => withEngine(host, (docker) => docker.ping());

  test.each([
    [
      'unix:///none/docker.sock',
      /^no Docker engine answers at unix:\/\/\/none\/docker\.sock: ENOENT\. Start it/,
    ],
    [
      'tcp://127.0.0.1:1',
      /^no Docker engine answers at tcp:\/\/127\.0\.0\.1:1: ECONNREFUSED\. Start it/,
    ],
  ])('%s is told with what to do', async (host, words) => {
    await expect(answer(host)).rejects.toThrow(words);
  });

  test('what is recorded stands, and a warning says so', async () => {
    const lines: string[] = [];
    const state = {
      prefix,
      files: {},
      uid: 0,
      gid: 0,
      image: 'x:1',
      host: 'unix:///none',
      volume: 'v',
    };
    expect(await files.read('v', state, contextFor('files', lines))).toEqual(state);
    expect(lines).toEqual([
      expect.stringMatching(
        /^no Docker engine answers at unix:\/\/\/none: .*\nfiles is taken to be as it was recorded$/,
      ),
    ]);
  });
});

describe('where ssh goes', () => {
  test.each([
    ['ssh://deploy@db.example.com', { user: 'deploy', host: 'db.example.com' }],
    ['ssh://alias', { host: 'alias' }],
    ['ssh://root@[2001:db8::1]:2222', { user: 'root', host: '2001:db8::1', port: '2222' }],
  ])('%s is taken', (text, wanted) => {
    expect(parseSshHost(text)).toEqual({ user: undefined, port: undefined, ...wanted });
  });

  test.each([
    'ssh://-oProxyCommand=touch%20x',
    'ssh://-oProxyCommand=x@host',
    'ssh://user@-F/etc/passwd',
    'ssh://user;id@host',
    'ssh://$(id)@host',
    'ssh://user@host/path',
    'ssh://user@host?x=1',
    'ssh://user@ho%00st',
    'ssh://us%0aer@host',
    'https://host',
    'host',
    '',
  ])('%j is refused', (text) => {
    expect(() => parseSshHost(text)).toThrow('must look like ssh://user@host');
  });

  test('a password is refused and not repeated', () => {
    expect(() => parseSshHost('ssh://user:hunter2@host')).toThrow(
      /^(?!.*hunter2).*without a password/,
    );
  });
});

/** Processes of ssh that this test's process has started. */
function children(): string[] {
  const all = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  });
  return all.split('\n').filter((line) => line.endsWith(' ssh'));
}
