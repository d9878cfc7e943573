import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registries } from '../../engine/registry';

const container = `t-tools-registry-${process.pid}`;
const image = 'registry:2';
const registries = new Registries();
let address = '';

function docker(args: readonly string[], input?: Buffer): string {
  return execFileSync('docker', args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input && { input }),
  }).trim();
}

function missing(): string | undefined {
  try {
    docker(['image', 'inspect', image]);
    return undefined;
  } catch {
    return `no Docker engine with the image ${image}`;
  }
}

const why = missing();

beforeAll(async () => {
  if (why !== undefined) return;
  docker(['run', '--detach', '--name', container, '--publish', '127.0.0.1::5000', image]);
  address = docker(['port', container, '5000/tcp']);
  for (const end = Date.now() + 30_000; ;) {
    try {
      await fetch(`http://${address}/v2/`);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
});

afterAll(async () => {
  await registries.close();
  if (why !== undefined) return;
  docker(['rm', '--force', '--volumes', container]);
});

const suffix = why === undefined ? '' : ` (skipped: ${why})`;

test.skipIf(why !== undefined)(
  `a real registry tells the digest that the engine pushed, and that a tag is not there${suffix}`,
  async () => {
    const reference = `${address}/strata/empty:1.0`;
    // An empty tar archive: an image without a file.
    docker(['import', '-', reference], Buffer.alloc(1024));
    try {
      const [pushed] = /sha256:[0-9a-f]{64}/.exec(docker(['push', reference])) ?? [];
      expect(pushed).toBeDefined();
      expect(await registries.digest(reference)).toBe(pushed);
      await expect(registries.digest(`${address}/strata/empty:2.0`)).rejects.toThrow(
        `${address}/strata/empty:2.0 is not there: the registry has no such tag.`,
      );
    } finally {
      docker(['image', 'rm', '--force', reference]);
    }
  },
);
