import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

type Built = (
  entry: string,
  options: object,
  build: () => { text: string; inputs: readonly string[] },
) => string;

const project = mkdtempSync(path.join(os.tmpdir(), 'strata-built-'));
const kept = path.join(project, 'node_modules', '.cache', 'strata', 'programs');
const entry = 'components/server.ts';
const module = path.join(project, 'engine', 'built.cjs');
const load = createRequire(module);

beforeAll(() => {
  for (const folder of ['components', 'engine', 'policy', 'provider', 'node_modules']) {
    mkdirSync(path.join(project, folder));
  }
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json']) write(file, '{}');
  write(entry, 'first');
  cpSync('engine/built.cjs', module);
});

afterAll(() => {
  rmSync(project, { recursive: true });
});

function write(file: string, text: string): void {
  writeFileSync(path.join(project, file), text);
}

/** As a process has it that begins now. */
function begun(): Built {
  Reflect.deleteProperty(load.cache, module);
  return (load(module) as { built: Built }).built;
}

/** How often a new process built it, and what came of it. */
function ask(options: object = {}, inputs: readonly string[] = [entry]): [string, number] {
  let builds = 0;
  const text = begun()(entry, options, () => {
    builds += 1;
    return { text: `built ${String(builds)}`, inputs };
  });
  return [text, builds];
}

test('what was built is built again only when a source, a package or an option changed', () => {
  expect(ask()).toEqual(['built 1', 1]);
  expect(ask()).toEqual(['built 1', 0]);
  const changes: [string, string][] = [
    [entry, 'other'],
    ['provider/new.ts', ''],
    ['engine/load.cjs', 'x'],
    ['package-lock.json', '{"x":1}'],
    ['node_modules/.package-lock.json', '{"x":1}'],
    ['tsconfig.json', '{"x":1}'],
    ['index.ts', 'x'],
    ['images.lock.json', '{}'],
    ['policy/index.ts', 'x'],
  ];
  for (const [file, text] of changes) {
    write(file, text);
    expect([file, ask()[1], ask()[1]]).toEqual([file, 1, 0]);
  }
  expect([ask({ external: ['x'] })[1], ask({ external: ['x'] })[1], ask()[1]]).toEqual([1, 0, 0]);
});

test('what is edited while it is built is built again', () => {
  write(entry, 'before');
  const text = begun()(entry, {}, () => {
    write(entry, 'meanwhile');
    return { text: 'of which', inputs: [entry] };
  });
  expect(text).toBe('of which');
  write(entry, 'before');
  expect(ask()[1]).toBe(1);
});

test('what a process builds after an edit is kept for nobody', () => {
  const one = (built: Built, text: string) =>
    built(entry, {}, () => ({ text, inputs: [entry, 'index.ts', 'images.lock.json'] }));
  write(entry, 'as it began');
  const built = begun();
  built('components/other.ts', {}, () => ({ text: '', inputs: [] }));
  write(entry, 'edited');
  expect(one(built, 'of edited')).toBe('of edited');
  expect(one(begun(), 'again')).toBe('again');
  write(entry, 'as it began');
  expect(one(begun(), 'once more')).toBe('once more');
  expect(one(begun(), 'unused')).toBe('once more');
});

test('a text that moves from one file into another is another program', () => {
  write('components/a.ts', 'ab');
  write('components/b.ts', '');
  ask();
  write('components/a.ts', 'a');
  write('components/b.ts', 'b');
  expect(ask()[1]).toBe(1);
});

test('what is made of an application’s sources too is built each time', () => {
  write(entry, 'with an application');
  const inputs = [entry, 'app/tenancy.ts'];
  expect([ask({}, inputs)[1], ask({}, inputs)[1]]).toEqual([1, 1]);
  const packages = [entry, '../node_modules/zod/index.js'];
  expect([ask({}, packages)[1], ask({}, packages)[1]]).toEqual([1, 0]);
});

test('a kept program that lost its end, or all of it, is built again', () => {
  ask();
  const files = readdirSync(kept, { recursive: true })
    .map((name) => path.join(kept, String(name)))
    .filter((name) => name.endsWith('.cjs'));
  for (const damage of [(text: string) => text.slice(0, -1), () => '', () => '\0'.repeat(99)]) {
    for (const file of files) writeFileSync(file, damage(readFileSync(file, 'utf8')));
    expect([ask()[1], ask()[1]]).toEqual([1, 0]);
  }
});

test('a file that cannot be read costs only time', () => {
  symlinkSync('nowhere', path.join(project, 'components', '.#lock.ts'));
  expect([ask()[1], ask()[1]]).toEqual([1, 1]);
  rmSync(path.join(project, 'components', '.#lock.ts'));
  expect(ask()[1]).toBe(0);
});

test('an application’s program is built each time, whatever went into it', () => {
  let builds = 0;
  const build = () => ({ text: String((builds += 1)), inputs: ['node_modules/app/tenancy.ts'] });
  for (let run = 0; run < 2; run += 1) begun()('node_modules/app/tenancy.ts', {}, build);
  expect(builds).toBe(2);
});

test('nothing unfinished stays, and a folder that cannot be written costs only time', () => {
  const files = readdirSync(kept, { recursive: true }).map(String);
  expect(files.filter((name) => name.includes('.cjs.'))).toEqual([]);
  rmSync(kept, { recursive: true });
  symlinkSync('/dev/null', kept);
  expect([ask()[1], ask()[1]]).toEqual([1, 1]);
});
