import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const image = 't-tools-node-service';
const container = `t-tools-${process.pid}`;
/** Of this machine: nothing is pulled. */
const base = 'node:20-slim';
let context = '';

function docker(...args: string[]): string {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' };
  return execFileSync('docker', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function missing(): string | undefined {
  try {
    docker('image', 'inspect', base);
    return undefined;
  } catch {
    return `no Docker engine with the image ${base}`;
  }
}

const why = missing();

beforeAll(() => {
  if (why !== undefined) return;
  context = mkdtempSync(path.join(os.tmpdir(), 'strata-image-'));
  cpSync('templates/service/node', context, { recursive: true });
  // Where no registry of packages can be reached: without them it starts, for it loads them when it needs them.
  const file = path.join(context, 'Dockerfile');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/^RUN npm install.*\n/m, ''));
  docker('build', '--quiet', '--build-arg', `IMAGE=${base}`, '--tag', image, context);
});

afterAll(() => {
  if (why !== undefined) return;
  docker('rm', '--force', container);
  docker('image', 'rm', '--force', image);
  rmSync(context, { recursive: true, force: true });
});

test.skipIf(why !== undefined)(
  `the image of the template node serves without root, rights and a writable disk, and ends when told${why ? ` (skipped: ${why})` : ''}`,
  () => {
    const hardened = ['--user', '1000:1000', '--read-only', '--cap-drop', 'ALL', '--tmpfs', '/tmp'];
    docker('run', '--detach', '--name', container, '--network', 'none', ...hardened, image);
    const ask = `const end = Date.now() + 20000;
      (async () => {
        for (;;) {
          try { return console.log((await fetch('http://127.0.0.1:8001/healthz')).status); }
          catch (error) { if (Date.now() > end) throw error; }
        }
      })();`;
    expect(docker('exec', container, 'node', '-e', ask).trim()).toBe('200');
    expect(docker('exec', container, 'id', '-u').trim()).toBe('1000');
    expect(() => docker('exec', container, 'touch', '/app/x')).toThrow(/Read-only/);
    docker('stop', '--time', '20', container);
    expect(docker('inspect', '--format', '{{.State.ExitCode}}', container).trim()).toBe('0');
  },
);
