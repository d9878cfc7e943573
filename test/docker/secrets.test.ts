import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { engine, shellImage } from '../support/docker';
import { logOf, prefix } from './support/platform';
import { absent, openScene, type Scene } from './support/scene';
import { secretsIn, secretsOf, type Secrets } from './support/secrets';

const run = promisify(execFile);

let scene: Scene;
let secrets: Secrets;

beforeAll(async () => {
  if (absent) return;
  scene = await openScene();
  secrets = await secretsOf(scene);
});

const found = (text: string): string[] => secretsIn(secrets, text);

/** Empty for a process that has ended meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function names(): Promise<string[]> {
  const all = await engine.listContainers({ all: true });
  return all
    .flatMap(({ Names }) => Names.map((name) => name.slice(1)))
    .filter((name) => name.startsWith(prefix));
}

describe.skipIf(absent)('what was generated and is secret', () => {
  test('is a lot, so that this test can fail', () => {
    expect(secrets.size).toBeGreaterThan(20);
    expect([...secrets.values()].every((value) => value.length >= 24)).toBe(true);
    expect(found(`x${secrets.get('jwt-key') ?? ''}x`)).toEqual(['jwt-key']);
  });

  test('stands nowhere in the state on the disk', () => {
    const folder = scene.platform.workspace.path('.backend');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      expect(found(readFileSync(path.join(parentPath, name), 'utf8')), name).toEqual([]);
    }
  });

  test('stands in no container, volume, network or image as the engine shows them', async () => {
    for (const name of await names()) {
      expect(found(JSON.stringify(await engine.getContainer(name).inspect())), name).toEqual([]);
    }
    const { Volumes } = await engine.listVolumes();
    expect(found(JSON.stringify(Volumes.filter(({ Name }) => Name.startsWith(prefix))))).toEqual(
      [],
    );
    const networks = await engine.listNetworks();
    expect(found(JSON.stringify(networks.filter(({ Name }) => Name.startsWith(prefix))))).toEqual(
      [],
    );
    const images = (await engine.listImages()).filter(({ RepoTags }) =>
      RepoTags?.some((tag) => tag.startsWith('strata/')),
    );
    for (const { Id } of images) {
      const image = engine.getImage(Id);
      expect(found(JSON.stringify([await image.inspect(), await image.history()])), Id).toEqual([]);
    }
  });

  test('stands in no log', async () => {
    for (const name of await names()) expect(found(await logOf(name)), name).toEqual([]);
  });

  test('stands in no command line and no environment of a process', () => {
    const shown = readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
    expect(shown.flatMap((file) => found(textOf(file)))).toEqual([]);
  });

  test('can be read in its files by the one user alone that needs it', async () => {
    const { Volumes } = await engine.listVolumes();
    const rendered = Volumes.map(({ Name }) => Name).filter(
      (name) => name.startsWith(prefix) && /-[0-9a-f]{8}$/.test(name),
    );
    expect(rendered.length).toBeGreaterThan(10);
    for (const volume of rendered) {
      const { stdout } = await run(
        'docker',
        [
          'run',
          '--rm',
          '--network',
          'none',
          '-v',
          `${volume}:/v:ro`,
          shellImage,
          'sh',
          '-c',
          'find /v -type f -exec sh -c \'for f; do printf "%s %s " "$(stat -c %a "$f")" "$f"; base64 -w0 "$f"; echo; done\' _ {} +',
        ],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      for (const line of stdout.split('\n').filter(Boolean)) {
        const [mode, file, content = ''] = line.split(' ');
        if (found(Buffer.from(content, 'base64').toString('utf8')).length === 0) continue;
        expect({ volume, file, mode }).toEqual({ volume, file, mode: '400' });
      }
    }
  });
});
