import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archive, digest, folderEntries, givenEntries } from '../../provider/docker/context';
import { image, type ImageInputs } from '../../provider/docker/image';
import { imageName, repositoryName } from '../../provider/docker/names';
import { contextFor } from '../support/local';
import { engine, removeAll, shellImage, whyNoDocker } from '../support/docker';

const reason = await whyNoDocker();
const repository = 't-provider-image/guard';
const context = contextFor('image-guard');
const dockerfile = `FROM ${shellImage}\nCOPY . /app\n`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-image-'));
  write('Dockerfile', dockerfile);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string, mode = 0o644): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function names(): string[] {
  return folderEntries(folder, 'Dockerfile').map(({ name }) => name);
}

function hash(): string {
  return digest(folderEntries(folder, 'Dockerfile'), 'Dockerfile');
}

function inside(reference: string, script: string): string {
  const options = ['--rm', '--network', 'none', reference, 'sh', '-c', script];
  return execFileSync('docker', ['run', ...options], { encoding: 'utf8' });
}

async function imagesHere(): Promise<string[]> {
  const all = await engine.listImages({ filters: { reference: [repository] } });
  return all.flatMap(({ RepoTags }) => RepoTags ?? []).sort();
}

describe.skipIf(reason)('an image (a Docker engine)', () => {
  afterAll(async () => {
    await removeAll('t-provider-image');
    for (const name of await imagesHere()) await engine.getImage(name).remove({ force: true });
  });

  test('is built from a folder, and what was edited is another image', async () => {
    write('server.js', 'one');
    write('bin/run', 'echo ran', 0o755);
    write('.dockerignore', 'private\n*.log\n');
    write('private/key', 'secret');
    write('debug.log', 'noise');
    const inputs: ImageInputs = { repository, context: folder };
    const first = await image.create(inputs, context);
    expect(first.state).toEqual({ ...inputs, reference: first.id, content: hash() });
    expect(first.id).toBe(`${repository}:${hash().slice(0, 16)}`);
    expect(inside(first.id, 'cd /app && find . -type f | sort; bin/run')).toBe(
      './.dockerignore\n./Dockerfile\n./bin/run\n./server.js\nran\n',
    );
    expect(image.diff(first.state, inputs)).toEqual({});

    write('private/key', 'other');
    expect(image.diff(first.state, inputs)).toEqual({});
    write('server.js', 'two');
    expect(image.diff(first.state, inputs)).toEqual({ content: 'replace' });
    const second = await image.create(inputs, context);
    expect(inside(second.id, 'cat /app/server.js')).toBe('two');
    expect(await imagesHere()).toEqual([first.id, second.id].sort());

    await image.delete(first.id, first.state, context);
    expect(await imagesHere()).toEqual([second.id]);
    expect(await image.read(first.id, first.state, context)).toBeUndefined();
    expect(await image.read(second.id, second.state, context)).toEqual(second.state);
  });

  test('is built from files given by name, in text and in base64', async () => {
    const binary = Buffer.from([0, 255, 10]).toString('base64');
    const inputs: ImageInputs = {
      repository,
      files: { 'build/Dockerfile': dockerfile, 'a/blob': { base64: binary } },
      dockerfile: 'build/Dockerfile',
      base: shellImage,
    };
    const { id, state } = await image.create(inputs, context);
    expect(inside(id, 'base64 /app/a/blob')).toBe(`${binary}\n`);
    expect(image.diff(state, inputs)).toEqual({});
    await image.delete(id, state, context);
  });

  test('one whose build fails shows the step and its last lines', async () => {
    const failing = `${dockerfile}RUN exec >&2; for i in $(seq 30); do echo line $i; done; echo no compiler; exit 7\n`;
    const lines: string[] = [];
    const files = { Dockerfile: failing };
    const made = image.create({ repository, files }, contextFor('image-guard', lines));
    await expect(made).rejects.toThrow(
      /^t-provider-image\/guard:\w+ could not be built at "Step 3\/4 : RUN exec .*": The command .* returned a non-zero code: 7\. Its last lines:\n(.*\n)*line 30\nno compiler/,
    );
    expect(lines.some((line) => line.startsWith('building t-provider-image/guard:'))).toBe(true);
    expect(await imagesHere()).not.toContainEqual(expect.stringContaining('guard:none'));
  });

  test('one that a container uses stays, and nobody hears of it', async () => {
    const { id, state } = await image.create({ repository, context: folder }, context);
    const { id: user } = await engine.createContainer({
      name: 't-provider-image-user',
      Image: id,
      Cmd: ['true'],
    });
    await image.delete(id, state, context);
    expect(await imagesHere()).toContain(id);
    await engine.getContainer(user).remove();
    await image.delete(id, state, context);
    expect(await imagesHere()).not.toContain(id);
    await image.delete(id, state, context);
  });

  test('another image under its name is not taken for it', async () => {
    const inputs: ImageInputs = { repository, context: folder };
    const { id, state } = await image.create(inputs, context);
    const [name = '', tag = ''] = id.split(':');
    await engine.getImage(id).remove();
    await engine.getImage(shellImage).tag({ repo: name, tag });
    expect(await image.read(id, state, context)).toBeUndefined();
    await image.create(inputs, context);
    expect(await image.read(id, state, context)).toEqual(state);
    await image.delete(id, state, context);
  });

  test('an interruption ends the build', async () => {
    const aborting = new AbortController();
    const files = { Dockerfile: `${dockerfile}RUN sleep 60\n` };
    const begun = Date.now();
    const interrupted = {
      ...context,
      signal: aborting.signal,
      progress: (text: string) => {
        if (text.includes('sleep')) aborting.abort(new Error('interrupted'));
      },
    };
    await expect(image.create({ repository, files }, interrupted)).rejects.toThrow('interrupted');
    expect(Date.now() - begun).toBeLessThan(20_000);
    const building = await engine.listContainers();
    expect(building.filter(({ Command }) => Command.includes('sleep 60'))).toEqual([]);
  });
});

describe('the context of an image', () => {
  test('a link is sent as a link: what it points to is never read here', () => {
    symlinkSync('/etc/shadow', path.join(folder, 'shadow'));
    symlinkSync('/etc', path.join(folder, 'etc'));
    symlinkSync('.', path.join(folder, 'loop'));
    symlinkSync('/nowhere', path.join(folder, 'dangling'));
    expect(folderEntries(folder, 'Dockerfile').filter(({ type }) => type !== 'file')).toEqual([
      { name: 'dangling', type: 'symlink', target: '/nowhere' },
      { name: 'etc', type: 'symlink', target: '/etc' },
      { name: 'loop', type: 'symlink', target: '.' },
      { name: 'shadow', type: 'symlink', target: '/etc/shadow' },
    ]);
  });

  test.skipIf(reason)(
    'a build that follows such a link finds the image, not this machine',
    async () => {
      const secret = path.join(os.tmpdir(), `strata-outside-${process.pid}`);
      writeFileSync(secret, 'of this machine');
      symlinkSync(secret, path.join(folder, 'link'));
      write('Dockerfile', `FROM ${shellImage}\nCOPY link /stolen\n`);
      await expect(image.create({ repository, context: folder }, context)).rejects.toThrow(
        'could not be built',
      );
      rmSync(secret);
    },
  );

  test('pipes and sockets are left out', () => {
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    expect(names()).toEqual(['Dockerfile']);
  });

  test('.dockerignore thins it out as the docker command does; the engine always gets the Dockerfile', () => {
    write('.dockerignore', '# all but\n*\n!src\nsrc/**/*.test.ts\n');
    write('src/a.ts', '');
    write('src/deep/b.test.ts', '');
    write('node_modules/x/index.js', '');
    expect(names()).toEqual(['.dockerignore', 'Dockerfile', 'src', 'src/a.ts', 'src/deep']);
  });

  test('each name, content, right to run, link and Dockerfile is another hash; time and owner are not', () => {
    write('a', 'x');
    const hashes = [hash()];
    write('a', 'y');
    hashes.push(hash());
    write('a', 'y', 0o755);
    hashes.push(hash());
    rmSync(path.join(folder, 'a'));
    symlinkSync('b', path.join(folder, 'a'));
    hashes.push(hash());
    rmSync(path.join(folder, 'a'));
    symlinkSync('c', path.join(folder, 'a'));
    hashes.push(hash(), digest(folderEntries(folder, 'Other'), 'Other'));
    expect(new Set(hashes).size).toBe(6);
    rmSync(path.join(folder, 'a'));
    write('a', 'x');
    expect(hash()).toBe(hashes[0]);
  });

  test('no two sets of files have one hash for how they are written together', () => {
    const one = digest(givenEntries({ a: 'b","c', d: '' }), 'a');
    const other = digest(givenEntries({ a: 'b', 'c","d': '' }), 'a');
    expect(one).not.toBe(other);
  });

  test('a file that grows while it is read is an error, not half a file', async () => {
    write('log', 'short');
    const entries = folderEntries(folder, 'Dockerfile');
    write('log', 'much longer than before');
    await expect(finished(archive(entries).resume())).rejects.toThrow(/size/i);
  });

  test.each([
    [{ repository }, 'context or files is required, and not both'],
    [
      { repository, context: '.', files: { Dockerfile: '' } },
      'context or files is required, and not both',
    ],
    [{ repository, files: { a: '' } }, 'files has no Dockerfile'],
  ])('%j is refused', async (inputs, words) => {
    const problems = await image.check?.(inputs, undefined, context);
    expect(problems?.map(({ reason: said }) => said)).toEqual([words]);
  });

  test('a folder that is not there, or has no Dockerfile, is refused by name', async () => {
    const ask = async (known: Partial<ImageInputs>) =>
      (await image.precheck?.(known, undefined, context))?.map(({ reason: said }) => said);
    expect(await ask({ context: `${folder}/none` })).toEqual([
      expect.stringMatching(/^context .*\/none is no folder below /),
    ]);
    expect(await ask({ context: folder, dockerfile: 'Other' })).toEqual([
      `context ${folder} has no Other`,
    ]);
  });

  test.each(['strata/Guard', '../x', 'a/../b', '/a', 'a/', 'a b', '-a', 'a:tag', 'a@sha256:0', ''])(
    '%j is no repository',
    (name) => {
      expect(repositoryName.safeParse(name).success).toBe(false);
    },
  );

  test('images are named as docker run takes them, and nothing else is', () => {
    const good = [
      'node:22-slim',
      'ghcr.io/a/b:1',
      'localhost:5000/a',
      `a@sha256:${'0'.repeat(64)}`,
      `sha256:${'a'.repeat(64)}`,
    ];
    const bad = ['node:', 'a b', '--privileged', 'a:b:c', 'a\n', 'a;b', ''];
    const taken = (name: string) => imageName.safeParse(name).success;
    expect(good.filter(taken)).toEqual(good);
    expect(bad.filter(taken)).toEqual([]);
  });
});
