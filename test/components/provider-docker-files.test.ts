import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { files, type FilesInputs } from '../../provider/docker/files';
import { labelOf } from '../../provider/docker/names';
import { fileProblems, relativePath } from '../../provider/docker/paths';
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
const prefix = 't-provider-files';
const context = contextFor('files-gateway');

const inputs: FilesInputs = {
  prefix,
  files: { 'files/conf.d/site.conf': 'listen 80;\n', 'secrets/KEY': 'ünïcode secret' },
  uid: 101,
  gid: 102,
  image: shellImage,
};

/** What a container that mounts the volume prints. */
function inside(volume: string, script: string, user = '0:0'): string {
  const mount = `type=volume,src=${volume},dst=/run/strata,readonly`;
  const options = ['--rm', '--network', 'none', '--user', user, '--mount', mount, shellImage];
  return execFileSync('docker', ['run', ...options, 'sh', '-c', script], { encoding: 'utf8' });
}

describe.skipIf(reason)(`files of a service (a Docker engine)`, () => {
  beforeAll(() => removeAll(prefix));
  afterAll(() => removeAll(prefix));

  test('are there before the service starts, readable by its user and written by nobody', async () => {
    const { id, state } = await files.create(inputs, context);
    expect(id).toMatch(/^t-provider-files-[0-9a-f]{8}$/);
    expect(state).toEqual({ ...inputs, volume: id });
    expect(inside(id, 'cd /run/strata && find . -exec stat -c "%A %u:%g %n" {} + | sort -k3')).toBe(
      [
        'dr-x------ 101:102 .',
        'dr-x------ 101:102 ./files',
        'dr-x------ 101:102 ./files/conf.d',
        '-r-------- 101:102 ./files/conf.d/site.conf',
        'dr-x------ 101:102 ./secrets',
        '-r-------- 101:102 ./secrets/KEY',
        '',
      ].join('\n'),
    );
    expect(inside(id, 'cat /run/strata/secrets/KEY', '101:102')).toBe('ünïcode secret');
    expect(() => inside(id, 'cat /run/strata/secrets/KEY 2>/dev/null', '1000:1000')).toThrow();
    await files.delete(id, state, context);
    expect(await containersNamed('')).toEqual(
      expect.not.arrayContaining([expect.stringMatching(prefix)]),
    );
  });

  test('no helper is left, nor a secret in what the engine tells of the volume', async () => {
    const { id, state } = await files.create(inputs, context);
    const helpers = await engine.listContainers({
      all: true,
      filters: { label: ['strata.kind=helper'], volume: [id] },
    });
    expect(helpers).toEqual([]);
    expect(JSON.stringify(await engine.getVolume(id).inspect())).not.toContain('secret');
    await files.delete(id, state, context);
  });

  test('other contents are another volume; only a different helper image is the same', async () => {
    const { state } = await files.create(inputs, context);
    expect(files.diff(state, { ...inputs, image: 'other:1' })).toEqual({});
    const changed = { ...inputs.files, 'secrets/KEY': 'rotated' };
    expect(files.diff(state, { ...inputs, files: changed })).toEqual({ files: 'replace' });
    expect(files.diff(state, { ...inputs, uid: 0 })).toEqual({ uid: 'replace' });
    await files.delete(state.volume, state, context);
  });

  test('a volume that was removed is gone, and so is one that another has made under its name', async () => {
    const { id, state } = await files.create(inputs, context);
    expect(await files.read(id, state, context)).toEqual(state);
    await engine.getVolume(id).remove();
    expect(await files.read(id, state, context)).toBeUndefined();
    await engine.createVolume({ Name: id });
    expect(await files.read(id, state, context)).toBeUndefined();
    await files.delete(id, state, context);
    expect((await engine.getVolume(id).inspect()).Name).toBe(id);
  });

  test('one that a container uses is not removed, and the container is named', async () => {
    const { id, state } = await files.create(inputs, context);
    const mounts = [{ Type: 'volume' as const, Source: id, Target: '/x' }];
    const user = await shell(`${prefix}-user`, 'true', { HostConfig: { Mounts: mounts } });
    await expect(files.delete(id, state, context)).rejects.toThrow(
      `the volume ${id} is used by ${prefix}-user: remove that first (docker rm -f ${prefix}-user)`,
    );
    await engine.getContainer(user).remove({ force: true });
    await files.delete(id, state, context);
    expect(await files.read(id, state, context)).toBeUndefined();
  });

  test('an image that cannot be had leaves no volume', async () => {
    await expect(
      files.create({ ...inputs, image: 'localhost:1/nowhere:1' }, context),
    ).rejects.toThrow(
      /^the Docker engine has no image localhost:1\/nowhere:1 and cannot pull it: .*Bring it there by hand/,
    );
    const { Volumes } = await engine.listVolumes();
    expect(
      Volumes.filter(({ Labels }) => labelOf({ Labels }, 'strata.urn') === context.urn),
    ).toEqual([]);
  });

  test('an interruption leaves neither volume nor container', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(files.create(inputs, { ...context, signal })).rejects.toThrow('interrupted');
    const { Volumes } = await engine.listVolumes();
    expect(
      Volumes.filter(({ Labels }) => labelOf({ Labels }, 'strata.urn') === context.urn),
    ).toEqual([]);
  });

  test('a path that leaves the volume ends in the helper that is thrown away, even unchecked', async () => {
    const attack = { ...inputs, files: { '../escaped': 'x', '../../../../tmp/escaped': 'x' } };
    const made = await files.create(attack, context).catch(() => undefined);
    expect(existsSync('/tmp/escaped') || existsSync('/escaped')).toBe(false);
    if (made) {
      expect(inside(made.id, 'find /run/strata -type f')).toBe('');
      await files.delete(made.id, made.state, context);
    }
  });
});

describe('places of files', () => {
  test.each([
    '../../etc/passwd',
    '/etc/passwd',
    'a/../../b',
    'a/./b',
    './a',
    'a//b',
    'a/',
    '',
    '.',
    '..',
    'a\u0000b',
    'a\nb',
    'a\\b',
    'x'.repeat(256),
  ])('%j is refused', (name) => {
    expect(relativePath.safeParse(name).success).toBe(false);
  });

  test.each(['a', 'a/b.conf', '.hidden', '..data', 'sites/übung.conf', 'x'.repeat(255)])(
    '%j is taken',
    (name) => {
      expect(relativePath.safeParse(name).success).toBe(true);
    },
  );

  test('one that is a file and a folder at once is refused by name', () => {
    expect(fileProblems({ a: '', 'a/b': '' })).toEqual([
      {
        property: 'files',
        reason: 'files: a is a file and a folder at once: give one another name',
      },
    ]);
  });

  test('more than 8 MiB are refused without being shown', () => {
    expect(fileProblems({ a: 'x'.repeat(5 << 20), b: 'x'.repeat(5 << 20) })).toEqual([
      {
        property: 'files',
        reason: `files: they have ${10 << 20} bytes together, ${8 << 20} are allowed: put large ones into an image`,
      },
    ]);
  });

  test('a member of the prototype is a name like any other', () => {
    expect(files.inputs.safeParse({ ...inputs, files: { constructor: 'x' } }).data).toMatchObject({
      files: { constructor: 'x' },
    });
  });
});
