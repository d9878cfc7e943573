import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { files } from '../../provider/docker/files';
import { job, type DockerJobInputs } from '../../provider/docker/job';
import { contextFor } from '../support/local';
import {
  containersNamed,
  engine,
  removeAll,
  shell,
  shellImage,
  whyNoDocker,
} from '../support/docker';

const reason = await whyNoDocker();
const prefix = 't-provider-job';
const seed = contextFor('seed');

function script(text: string, more: Partial<DockerJobInputs> = {}): DockerJobInputs {
  return {
    container: `${prefix}-seed`,
    image: shellImage,
    command: ['sh', '-c', text],
    environment: {},
    volumes: {},
    timeoutSeconds: 15,
    ...more,
  };
}

/** What a job writes: seen in the error that it ends with. */
async function written(text: string, more: Partial<DockerJobInputs> = {}): Promise<string> {
  const failing = job.create(script(`${text}\nexit 9`, more), seed);
  const message = await failing.then(
    () => '',
    (error: unknown) => (error as Error).message,
  );
  const [first = '', ...lines] = message.split('\n');
  expect(first).toBe('job seed ended with exit code 9. Its last lines:');
  return lines.join('\n');
}

describe.skipIf(reason)('a job in a container (a Docker engine)', () => {
  beforeAll(() => removeAll(prefix));
  afterEach(async () => {
    expect(await containersNamed(prefix)).toEqual([]);
  });
  afterAll(() => removeAll(prefix));

  test('runs to its end and is removed', async () => {
    const { state } = await job.create(script('true'), seed);
    expect(state).toEqual({ ...script('true'), ranAt: state.ranAt, exitCode: 0 });
    expect(Math.abs(Date.now() - Date.parse(state.ranAt))).toBeLessThan(60_000);
    expect(await job.read('', state, seed)).toEqual(state);
  });

  test('runs again when any of its inputs changes, and only then', () => {
    const state = { ...script('true'), ranAt: '', exitCode: 0 };
    expect(job.diff(state, script('true'))).toEqual({});
    expect(job.diff(state, script('false'))).toEqual({ command: 'update' });
    expect(job.diff(state, script('true', { image: 'other:1' }))).toEqual({ image: 'update' });
    expect(job.diff(state, script('true', { volumes: { '/x': { volume: 'y' } } }))).toEqual({
      volumes: 'update',
    });
  });

  test('one that fails, or does not end in time, is an error with its last lines', async () => {
    await expect(job.create(script('echo no table >&2; exit 4'), seed)).rejects.toThrow(
      'job seed ended with exit code 4. Its last lines:\nno table',
    );
    await expect(
      job.create(script('echo waiting; sleep 60', { timeoutSeconds: 1 }), seed),
    ).rejects.toThrow('job seed did not end within 1 s. Its last lines:\nwaiting');
    await expect(job.create(script('exit 5'), seed)).rejects.toThrow(
      'job seed ended with exit code 5; it wrote nothing',
    );
    await expect(job.create(script('', { command: ['no-such-program'] }), seed)).rejects.toThrow(
      /^job seed ended with exit code 127\. Its last lines:\n.*no-such-program/,
    );
    await expect(job.create(script('', { network: `${prefix}-none` }), seed)).rejects.toThrow(
      `the Docker engine says: network ${prefix}-none not found`,
    );
  });

  test('one that takes more memory than it may is told so', async () => {
    const hungry = script('x=$(head -c 200000000 /dev/zero | tr "\\0" x)', {
      memoryBytes: 16 << 20,
    });
    await expect(job.create(hungry, seed)).rejects.toThrow(
      /^job seed ended with exit code \d+, (perhaps )?because it used more memory than it may/,
    );
  });

  test('may do nothing but what is said', async () => {
    const look = `
      grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status | tr -s '\\t ' ' '
      touch /x 2>&1
      ls /sys/class/net
      id -u`;
    expect(await written(look, { user: '1000:1000' })).toBe(
      [
        'CapEff: 0000000000000000',
        'CapBnd: 0000000000000000',
        'NoNewPrivs: 1',
        "touch: cannot touch '/x': Read-only file system",
        'lo',
        '1000',
      ].join('\n'),
    );
    const scratch = await written('echo kept > /scratch/x && cat /scratch/x', {
      user: '1000:1000',
      scratch: ['/scratch'],
    });
    expect(scratch).toBe('kept');
    const mounted = await written("grep ' /scratch ' /proc/mounts | cut -d ' ' -f 4", {
      user: '1000:1000',
      scratch: ['/scratch'],
    });
    expect(mounted.split(',')).toEqual(
      expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec', 'uid=1000', 'gid=1000']),
    );
  });

  test('reads the files that it is given and cannot change them', async () => {
    const given = await files.create(
      { prefix, files: { 'secrets/TOKEN': 'a token' }, uid: 1000, gid: 1000, image: shellImage },
      contextFor('files-seed'),
    );
    const volumes = { '/run/strata': { volume: given.id } };
    const text = 'cat /run/strata/secrets/TOKEN; echo; touch /run/strata/x 2>&1';
    expect(await written(text, { user: '1000:1000', volumes })).toBe(
      "a token\ntouch: cannot touch '/run/strata/x': Read-only file system",
    );
    await files.delete(given.id, given.state, contextFor('files-seed'));
  });

  test('gets its environment, of which no message tells', async () => {
    const environment = { TOKEN: 'hunter2-hunter2' };
    expect(await written('echo ${#TOKEN}', { environment })).toBe('15');
  });

  test('what it writes is no command for the terminal that shows it', async () => {
    const text = `printf 'a\\033]0;title\\007b\\033[2Jc\\r\\nlong '; head -c 600 /dev/zero | tr '\\0' x; echo`;
    expect(await written(text)).toBe(`abc\nlong ${'x'.repeat(495)}…`);
  });

  test('takes the place of what an interrupted run has left, and of nothing else', async () => {
    const Labels = { 'strata.kind': 'job', 'strata.urn': seed.urn };
    await shell(`${prefix}-seed`, 'sleep 60', { Labels });
    expect((await job.create(script('true'), seed)).state.exitCode).toBe(0);

    const others = await shell(`${prefix}-seed`, 'sleep 60');
    await expect(job.create(script('true'), seed)).rejects.toThrow(
      `the Docker engine has a container ${prefix}-seed that this job did not make: remove it (docker rm -f ${prefix}-seed)`,
    );
    await job.delete('', { ...script('true'), ranAt: '', exitCode: 0 }, seed);
    expect((await engine.getContainer(others).inspect()).State.Running).toBe(true);
    await engine.getContainer(others).remove({ force: true });
  });

  test('an interruption ends it and leaves no container', async () => {
    const aborting = new AbortController();
    const progress = (text: string) => {
      if (text === 'running seed: working') aborting.abort(new Error('interrupted'));
    };
    const interrupted = { ...seed, signal: aborting.signal, progress };
    const begun = Date.now();
    await expect(
      job.create(script('trap "" TERM; echo working; sleep 60; sleep 60'), interrupted),
    ).rejects.toThrow('interrupted');
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(await containersNamed(prefix)).toEqual([]);
  });

  test('one that is interrupted before it begins does not begin', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(job.create(script('true'), { ...seed, signal })).rejects.toThrow('interrupted');
  });
});

test.each<[string, object]>([
  ['the network of the host', { network: 'host' }],
  ['the network of a container', { network: 'container:x' }],
  ['all capabilities', { capabilities: ['ALL'] }],
  ['a folder of the host in the place of a volume', { volumes: { '/x': { volume: '/etc' } } }],
  ['a place that is no absolute path', { volumes: { 'a/../../x': { volume: 'v' } } }],
  ['the root as a place', { volumes: { '/': { volume: 'v' } } }],
  ['a user by name', { user: 'root' }],
  ['a variable that is none', { environment: { 'A=B\nC': 'x' } }],
  ['an option in the place of an image', { image: '--privileged' }],
  ['privileges', { privileged: true }],
])('%s cannot be asked for', (_, more) => {
  expect(job.inputs.strict().safeParse({ ...script('true'), ...more }).success).toBe(false);
});
