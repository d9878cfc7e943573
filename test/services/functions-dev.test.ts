import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../engine/root';
import { follow, type Followed } from '../support/follow';
import { freePort } from '../support/workspace';
import { Platform } from './functions/platform';

const api = path.join(root, 'components/services/images/functions/api');
const hello = (word: string) => `import { http } from '${api}';
export default http(async (_request, { db }) =>
  Response.json({ word: '${word}', notes: await db.query('select count(*)::int from app.notes') }));`;

let platform: Platform;
let app: string;
let port: number;
let child: ChildProcess;
let development: Followed;

beforeAll(async () => {
  platform = await Platform.start();
  app = mkdtempSync(path.join(os.tmpdir(), 'strata-app-'));
  mkdirSync(path.join(app, 'functions'));
  writeFileSync(
    path.join(app, 'tenancy.ts'),
    `export { default } from '${path.join(root, 'app/tenancy')}';`,
  );
  writeFileSync(path.join(app, 'functions/hello.ts'), hello('first'));
  port = await freePort();
  const program = 'components/services/images/functions/dev.ts';
  const options = ['--app', app, '--port', String(port)];
  child = spawn(process.execPath, ['engine/load.cjs', program, ...options], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  development = follow(child);
  const databases = {
    strata_app: platform.server.url('strata_app', 'platform'),
    strata_dispatcher: platform.server.url('strata_dispatcher', 'platform'),
  };
  child.stdin?.end(JSON.stringify({ databases, jwt: { key: platform.issuer.key } }));
  await seen(/"message":"ready"/);
});

afterAll(async () => {
  child.kill('SIGTERM');
  await development.ended;
  rmSync(app, { recursive: true, force: true });
  await platform.stop();
});

/** Resolves with the next line that matches after those of `since`. */
async function seen(pattern: RegExp, since = 0): Promise<void> {
  while (!development.lines.slice(since).some((line) => pattern.test(line))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function call(): Promise<unknown> {
  const headers = platform.bearer(platform.world.ann);
  const response = await fetch(`http://127.0.0.1:${port}/functions/hello`, { headers });
  return response.json();
}

test('a function answers from the running database, as its caller', async () => {
  expect(await call()).toEqual({ word: 'first', notes: [{ count: 3 }] });
});

test('an edit is what answers next, without a deployment', async () => {
  const since = development.lines.length;
  writeFileSync(path.join(app, 'functions/hello.ts'), hello('second'));
  await seen(/"message":"ready"/, since);
  expect(await call()).toMatchObject({ word: 'second' });
});

test('a mistake is told with its file, and what ran before goes on', async () => {
  const since = development.lines.length;
  writeFileSync(path.join(app, 'functions/hello.ts'), 'export default (');
  await seen(/what ran before goes on/, since);
  expect(development.lines.slice(since).join('\n')).toContain('functions/hello.ts');
  expect(await call()).toMatchObject({ word: 'second' });
});
