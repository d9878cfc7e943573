import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type {
  SecretSource,
  Service,
  VolumeContent,
  Workload,
} from '../../components/services/service';
import { Moto } from '../support/aws/moto';
import { AwsStandIn, Refusal, type Values } from '../support/aws/stand-in';
import { docker, must, type Said } from '../support/docker-cli';
import { removeAll } from '../support/docker';
import { until } from '../support/until';
import { bucket, group, Releases } from './support/releases';
import { running, Server, whyNoServer } from './support/server';

const project = 'strata-t-release';
/** Names of their own: a server forgets the images that it no longer runs. */
const images = { node: 't-release/node:1', shell: 't-release/shell:1', old: 't-release/old:1' };

/** The kernel lets nobody else resize a file system that is mounted. */
const sysResource = 24n;
const [, capabilities = '0'] =
  /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
const noResize =
  (BigInt(`0x${capabilities}`) >> sysResource) & 1n
    ? undefined
    : 'this root has no CAP_SYS_RESOURCE';

const reason = whyNoServer();

const secrets: Record<string, string> = {};
const value = (source: SecretSource): string =>
  secrets['config' in source ? source.config : ''] ?? 'unknown';

function workload(name: string, more: Partial<Workload> = {}): Workload {
  return {
    kind: 'workload',
    name,
    image: images.shell,
    user: '1000:1000',
    command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.2; done'],
    environment: {},
    secrets: {},
    files: {},
    healthCommand: ['true'],
    needs: [],
    readsSchema: false,
    routes: {},
    replicas: 1,
    ...more,
  };
}

const reader = workload('reader', {
  secrets: { WORD: { config: 'word' } },
  files: { 'reader.conf': { template: 'word={{WORD}}', secrets: { WORD: { config: 'word' } } } },
});
const other = workload('other', { secrets: { WORD: { config: 'other' } } });
const keeper = workload('keeper', {
  volumes: { '/data': 'queue' },
  command: ['sh', '-c', 'trap "exit 0" TERM; echo row >> /data/rows; while :; do sleep 0.2; done'],
});

let moto: Moto;
let server: Server;
let releases: Releases;

/** What user data tells a server of a scaling group besides. */
function madeFor(more: object): void {
  const config = JSON.parse(server.read('etc/strata/release.json')) as object;
  server.write('etc/strata/release.json', JSON.stringify({ ...config, ...more }));
}

/** Whether somebody waits for the lock of a file. */
function waits(file: string): boolean {
  const { ino } = statSync(file);
  return new RegExp(`-> FLOCK .*:${String(ino)} `).test(readFileSync('/proc/locks', 'utf8'));
}

async function apply(
  services: readonly Service[],
  volumes: Partial<Record<VolumeContent, string>> = {},
): Promise<string> {
  const version = await releases.put(services, value, volumes);
  await server.succeed('apply', version);
  return version;
}

describe.skipIf(reason)(`a server and its releases${reason ? ` (skipped: ${reason})` : ''}`, () => {
  beforeAll(async () => {
    for (const [name, tag] of Object.entries(images)) {
      await must('tag', name === 'node' ? 'node:20-slim' : 'debian:12-slim', tag);
    }
    moto = await Moto.start();
  });

  beforeEach(async () => {
    await removeAll(project);
    await moto.reset();
    const manifest = `releases/${group}.json`;
    server = new Server(moto, { region: 'eu-central-1', bucket, manifest });
    releases = new Releases(moto, server, 't-release', images.node);
    Object.assign(secrets, { word: 'open-sesame-1', other: 'other-word-1' });
    return async () => {
      await removeAll(project);
      server.dispose();
    };
  });

  afterAll(async () => {
    await docker('image', 'rm', ...Object.values(images));
    await moto.stop();
  });

  test('images of a registry of AWS are pulled with a login that does not stay', async () => {
    const image = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/t-release/shell:1';
    await must('tag', images.shell, image);
    // The engine, but for the registry that there is not.
    const real = execFileSync('which', ['docker'], { encoding: 'utf8' }).trim();
    server.write(
      'bin/docker',
      `#!/bin/sh
case "$1" in
  login) echo "$*: $(cat)" >> ${server.path('said')} ;;
  logout) echo "$*" >> ${server.path('said')} ;;
  *) exec ${real} "$@" ;;
esac
`,
    );
    chmodSync(server.path('bin/docker'), 0o755);
    vi.stubEnv('PATH', `${server.path('bin')}:${process.env.PATH ?? ''}`);
    try {
      await apply([workload('pulled', { image })]);
    } finally {
      vi.unstubAllEnvs();
      await docker('image', 'rm', image);
    }
    const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
    expect(server.read('said').trim().split('\n')).toEqual([
      // moto's password.
      expect.stringMatching(`^login --username AWS --password-stdin ${host}: .+$`),
      `logout ${host}`,
    ]);
  });

  test('a release is healthy, its secrets lie in memory alone, and again it changes nothing', async () => {
    const version = await releases.put([reader, other], value);
    const said = await server.run('apply', version);
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toContain(`manifest ${version} is applied and healthy`);
    const read = (file: string): Promise<string> =>
      must('exec', `${project}-reader-1`, 'cat', `/run/strata/${file}`);
    expect(await read('files/reader.conf')).toBe('word=open-sesame-1');
    expect(await read('secrets/WORD')).toBe('open-sesame-1');
    const secret = server.path('run/strata/run/reader/secrets/WORD');
    expect(statSync(secret).mode & 0o777).toBe(0o400);
    expect(statSync(server.path('run/strata')).mode & 0o777).toBe(0o700);
    const found = spawnSync('grep', ['-rl', 'open-sesame-1', server.root], { encoding: 'utf8' });
    expect(
      found.stdout
        .trim()
        .split('\n')
        .filter((file) => !file.startsWith(server.path('run/'))),
    ).toEqual([]);
    expect(await must('inspect', ...Object.values(await running(project)))).not.toContain(
      'open-sesame-1',
    );

    const before = await running(project);
    await server.succeed('apply', version);
    expect(await running(project)).toEqual(before);

    const status = async (): Promise<unknown> => JSON.parse(await server.succeed('status'));
    const well = { well: true, state: 'running (healthy)' };
    expect(await status()).toMatchObject({
      applied: version,
      services: { reader: well, other: well },
    });
    await must('kill', `${project}-other-1`);
    expect(await status()).toMatchObject({
      services: { reader: well, other: { well: false, state: 'exited (137)' } },
    });
  });

  test('a changed secret starts anew who reads it, and nobody else; an older release brings back the older', async () => {
    const older = await apply([reader, other]);
    const before = await running(project);
    secrets.word = 'open-sesame-2';
    await apply([reader, other]);
    const after = await running(project);
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([
      `${project}-reader-1`,
    ]);
    await server.succeed('apply', older);
    expect(await must('exec', `${project}-reader-1`, 'cat', '/run/strata/secrets/WORD')).toBe(
      'open-sesame-1',
    );
  });

  test('a bundle that is not the one of its manifest is refused before anything is touched', async () => {
    const good = await apply([reader]);
    const before = await running(project);
    const bad = await releases.put([other], value, {}, { sha256: '0'.repeat(64) });
    const { code, stderr } = await server.run('apply', bad);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /the bundle's checksum is [0-9a-f]{64} and its manifest says 0{64}: refused/,
    );
    expect(await running(project)).toEqual(before);
    expect(server.read('var/lib/strata-release/applied')).toBe(good);
  });

  test('a service that is not well is named with its last words, without secrets, and is not what a reboot brings back', async () => {
    const good = await apply([reader, other]);
    // As Node prints it inside of JSON, and inside of a URL.
    const encoded = String.raw`echo 'open\"sesame 1 open%22sesame%201'`;
    const script = `${encoded}; echo the word is $(cat /run/strata/secrets/WORD), and I cannot; exit 3`;
    const broken = { ...reader, command: ['sh', '-c', script] };
    Object.assign(secrets, { word: 'open"sesame 1' });
    const bad = await releases.put([broken, other], value);
    const { code, stdout, stderr } = await server.run('apply', bad);
    expect(code).toBe(1);
    expect(stdout).toContain(
      '--- reader, its last lines:\n[secret] [secret]\nthe word is [secret], and I cannot',
    );
    expect(stdout + stderr).not.toContain('sesame');
    expect(stderr).toContain('the services did not become healthy: reader');
    expect(server.read('var/lib/strata-release/applied')).toBe(good);
    await server.restart(project);
    await server.succeed('boot');
    expect(Object.keys(await running(project))).toContain(`${project}-reader-1`);
  });

  test('what a release no longer has is removed, with its image', async () => {
    await apply([reader, workload('older', { image: images.old })]);
    await apply([reader]);
    expect(Object.keys(await running(project))).not.toContain(`${project}-older-1`);
    expect((await docker('image', 'inspect', images.old)).code).toBe(1);
    await must('tag', 'debian:12-slim', images.old);
  });

  test.each([
    ['with all that it started', -1, ''],
    ['alone, so that what it started goes on', 1, 'waiting for its end'],
  ])('a release whose program is killed %s, is applied again', async (_, sign, said) => {
    const slow = { ...other, scratch: ['/tmp'], healthCommand: ['test', '-e', '/tmp/well'] };
    const version = await releases.put([reader, slow], value);
    const started = server.start('apply', version);
    await until(async () => (await docker('inspect', `${project}-strata.files-1`)).code === 0);
    process.kill(sign * (started.pid ?? 0), 'SIGKILL');
    await once(started, 'exit');
    expect(existsSync(server.path('var/lib/strata-release/applied'))).toBe(false);
    const again = server.succeed('apply', version);
    // What goes on may end once it is waited for.
    if (said) {
      const lock = server.path('run/strata-release.lock');
      await expect.poll(() => waits(lock), { timeout: 30_000 }).toBe(true);
    }
    await until(async () => {
      const made = await docker('exec', `${project}-other-1`, 'touch', '/tmp/well');
      return made.code === 0;
    });
    expect(await again).toContain(said);
  });

  test('a server that knows no release has nothing to start, and a new one starts with the one it was made for', async () => {
    expect(await server.run('boot')).toMatchObject({
      code: 0,
      stdout: 'nothing has been applied here yet\n',
    });
    const version = await releases.put([other], value);
    madeFor({ version });
    await server.succeed('boot');
    expect(Object.keys(await running(project))).toContain(`${project}-other-1`);
  });

  describe('a server of a scaling group (a stand-in for Auto Scaling)', () => {
    const instance = 'i-0123456789abcdef0';
    let scaling: AwsStandIn;
    let answer: () => Values | Promise<Values>;

    beforeEach(async () => {
      answer = () => ({});
      scaling = await AwsStandIn.start({ CompleteLifecycleAction: () => answer() });
      vi.stubEnv('AWS_ENDPOINT_URL_AUTO_SCALING', scaling.endpoint);
      server.write('var/lib/cloud/data/instance-id', `${instance}\n`);
      return async () => {
        vi.unstubAllEnvs();
        await scaling.stop();
      };
    });

    async function starts(services: readonly Service[]): Promise<Said> {
      const version = await releases.put(services, value);
      madeFor({ version, hook: { group: 'strata-test-app', name: 'ready' } });
      return server.run('boot');
    }

    test('says that it is healthy once it is, and not before', async () => {
      let there: string[] = [];
      answer = async () => {
        there = Object.keys(await running(project));
        return {};
      };
      expect(await starts([other])).toMatchObject({ code: 0 });
      expect(there).toContain(`${project}-other-1`);
      expect(scaling.calls).toEqual([
        {
          operation: 'CompleteLifecycleAction',
          input: expect.objectContaining({
            AutoScalingGroupName: 'strata-test-app',
            LifecycleHookName: 'ready',
            InstanceId: instance,
            LifecycleActionResult: 'CONTINUE',
          }) as Values,
        },
      ]);
    });

    test('says nothing when it is not healthy', async () => {
      const broken = workload('broken', { command: ['sh', '-c', 'exit 3'] });
      expect(await starts([broken])).toMatchObject({ code: 1 });
      expect(scaling.calls).toEqual([]);
    });

    const unknown = () =>
      new Refusal(
        'ValidationError',
        `No active Lifecycle Action found with instance ID ${instance}`,
      );

    test('that is new says so until its group waits for it', async () => {
      answer = () => {
        if (scaling.calls.length === 1) throw unknown();
        return {};
      };
      expect(await starts([other])).toMatchObject({ code: 0 });
      expect(scaling.calls).toHaveLength(2);
    });

    test('that restarts is waited for by nobody, which is no failure', async () => {
      await starts([other]);
      answer = () => {
        throw unknown();
      };
      expect(await server.run('boot')).toMatchObject({ code: 0 });
      expect(scaling.calls).toHaveLength(2);
    });

    test('that may not say so is no healthy one', async () => {
      answer = () => {
        throw new Refusal('InvalidAction', 'nothing that this API knows');
      };
      expect(await starts([other])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          'cannot say to scaling group strata-test-app that this server is healthy',
        ) as string,
      });
    });
  });

  test('data outlives a restart, and a volume that is taken away is let go', async () => {
    server.attach('vol-0a1', 64);
    await apply([keeper], { queue: 'vol-0a1' });
    const rows = (): string => server.read('var/lib/strata/queue/data/rows');
    expect(rows()).toBe('row\n');

    await server.restart(project);
    // Without its disk the data's service must not start on an empty folder.
    expect((await docker('start', `${project}-keeper-1`)).code).not.toBe(0);
    await server.succeed('boot');
    expect(rows()).toBe('row\nrow\n');

    await apply([other]);
    expect(server.mounts()).toEqual([]);
    expect(Object.keys(await running(project))).not.toContain(`${project}-keeper-1`);
    await apply([keeper], { queue: 'vol-0a1' });
    expect(rows()).toBe('row\nrow\nrow\n');
  });

  test.skipIf(noResize)(
    `a volume that has grown is used whole${noResize ? ` (skipped: ${noResize})` : ''}`,
    async () => {
      server.attach('vol-0c1', 64);
      await apply([keeper], { queue: 'vol-0c1' });
      const before = statfsSync(server.path('var/lib/strata/queue')).blocks;
      server.grow('vol-0c1', 128);
      await apply([keeper], { queue: 'vol-0c1' });
      const after = statfsSync(server.path('var/lib/strata/queue')).blocks;
      expect(after).toBeGreaterThan(before * 1.8);
    },
  );

  describe('a volume that holds anything is never formatted', () => {
    const MB = 1024 * 1024;

    test.each([
      [
        'raw data at its beginning',
        (device: string) => {
          write(device, 'data', 3);
        },
        'holds data and no file system',
      ],
      [
        'raw data at its end',
        (device: string) => {
          write(device, 'data', 64 * MB - 4096);
        },
        'holds data and no file system',
      ],
      [
        'a table of partitions',
        (device: string) => {
          execFileSync('sfdisk', [device], { input: ',\n', stdio: 'pipe' });
        },
        'holds dos',
      ],
      [
        'a file system of another kind',
        (device: string) => {
          execFileSync('mkfs.ext2', ['-q', device]);
        },
        'holds ext2',
      ],
      [
        'swap',
        (device: string) => {
          execFileSync('mkswap', [device], { stdio: 'pipe' });
        },
        'holds swap',
      ],
      [
        'a damaged file system',
        (device: string) => {
          execFileSync('mkfs.ext4', ['-q', device]);
          write(device, '\0'.repeat(1024), 1024);
        },
        'holds data and no file system',
      ],
    ])('%s', async (_, fill, problem) => {
      const device = server.attach('vol-0b1', 64);
      fill(device);
      const before = readFileSync(device);
      const version = await releases.put([keeper], value, { queue: 'vol-0b1' });
      const { code, stderr } = await server.run('apply', version);
      expect(code).toBe(1);
      expect(stderr).toContain(problem);
      expect(stderr).toContain('nothing was changed on it');
      expect(readFileSync(device).equals(before)).toBe(true);
      expect(server.mounts()).toEqual([]);
    });
  });
});

function write(device: string, text: string, offset: number): void {
  const bytes = readFileSync(device);
  bytes.write(text, offset, 'latin1');
  writeFileSync(device, bytes);
}
