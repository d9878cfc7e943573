import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findPulumi } from '../../engine/pulumi/find';
import { installFolder, pulumiVersion } from '../../engine/pulumi/layout';
import type { Terminal } from '../../engine/terminal';

let folder: string;
let bin: string;
let notes: string[];

const out = (): Terminal => ({
  result: () => undefined,
  note: (text) => void notes.push(text),
  stream: () => undefined,
  colour: false,
  progress: process.stderr,
});

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-find-'));
  bin = path.join(folder, 'bin');
  mkdirSync(bin);
  notes = [];
  vi.stubEnv('PATH', bin);
  vi.stubEnv('STRATA_CACHE', path.join(folder, 'cache'));
  vi.stubGlobal('fetch', () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('no network') })),
  );
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

describe('finding the CLI, with a stand-in "pulumi" on PATH', () => {
  test('the one on PATH is taken when it is new enough and has the language host beside it', async () => {
    script(bin, 'pulumi', 'echo v3.259.0');
    script(bin, 'pulumi-language-nodejs', 'exit 0');

    const found = await findPulumi(out());

    expect(found.command).toBe('pulumi');
    expect(existsSync(path.join(folder, 'cache'))).toBe(false);
  });

  test.each(['v3.258.9', 'v2.999.0', 'v4.0.0', 'not a version'])(
    'one that says %s is passed over for the one in the cache, and that is said',
    async (version) => {
      script(bin, 'pulumi', `echo "${version}"`);
      script(bin, 'pulumi-language-nodejs', 'exit 0');
      fillCache();

      const found = await findPulumi(out());

      expect(found.command).toBe(path.join(installFolder(), 'bin', 'pulumi'));
    },
  );

  test('one without the Node language host is passed over', async () => {
    script(bin, 'pulumi', 'echo v3.300.0');
    fillCache();

    const found = await findPulumi(out());

    expect(found.command).toBe(path.join(installFolder(), 'bin', 'pulumi'));
  });

  test('nothing is downloaded or built when the cache has it', async () => {
    script(bin, 'go', 'exit 1');
    fillCache();

    await findPulumi(out());

    expect(notes).toEqual([]);
  });
});

describe('where nothing is found and the download is blocked', () => {
  test('without go, the three ways to get one are named with what was tried', async () => {
    script(bin, 'pulumi', 'echo v3.100.0');

    await expect(findPulumi(out())).rejects.toThrow(
      /get\.pulumi\.com is not reachable: no network[^]*no go on PATH[^]*1\. install it[^]*2\. let this machine[^]*3\. install Go/,
    );
    expect(notes.join()).toContain('3.100.0, Strata needs 3.x from 3.259.0 on');
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
  });

  test('a stand-in "go" builds both programs once, with percentages, and the next call finds them', async () => {
    script(bin, 'go', goThatBuilds);

    const found = await findPulumi(out());
    const again = await findPulumi(out());

    expect(found.command).toBe(path.join(installFolder(), 'bin', 'pulumi'));
    expect(again.command).toBe(found.command);
    expect(readdirSync(path.join(installFolder(), 'bin')).sort()).toEqual([
      'pulumi',
      'pulumi-language-nodejs',
    ]);
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([`pulumi-${pulumiVersion}`]);
    expect(notes.filter((note) => note.startsWith('Building'))).toHaveLength(1);
    expect(notes).toContain('  Pulumi CLI 40 %');
  });

  test('a build that fails shows the last lines of the stand-in "go" and leaves nothing behind', async () => {
    script(
      bin,
      'go',
      'case "$1" in version) exit 0;; list) echo a;; build) echo "a.go:1: undefined: b" >&2; exit 2;; esac',
    );

    await expect(findPulumi(out())).rejects.toThrow(
      /could not build the Pulumi CLI[^]*undefined: b/,
    );
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
  });

  test('two at once, with a stand-in "go": one builds, the other waits and finds it built', async () => {
    script(bin, 'go', goThatBuilds);

    const [one, two] = await Promise.all([findPulumi(out()), findPulumi(out())]);

    expect(one.command).toBe(two.command);
    expect(notes.filter((note) => note.startsWith('Building'))).toHaveLength(1);
    expect(notes.join()).toContain('waiting for it');
  });
});

const goThatBuilds = `
case "$1" in
  version) exit 0;;
  list) printf 'a\\nb\\n';;
  build)
    printf 'a\\nb\\n' >&2
    while [ "$1" != -o ]; do shift; done
    /bin/mkdir -p "\${2%/*}"
    printf '#!/bin/sh\\necho v${pulumiVersion}\\n' > "$2"
    /bin/chmod 755 "$2";;
esac`;

function fillCache(): void {
  const cached = path.join(installFolder(), 'bin');
  mkdirSync(cached, { recursive: true });
  script(cached, 'pulumi', `echo v${pulumiVersion}`);
  script(cached, 'pulumi-language-nodejs', 'exit 0');
}

function script(where: string, name: string, body: string): void {
  const file = path.join(where, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}
