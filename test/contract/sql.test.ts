import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../engine/root';

const files = ['sql', 'app/sql'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => path.join(folder, name)),
);

const functions = files.flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [
    ...text.matchAll(/^create function ([\w.]+)\(([^)]*)\)[^;]*?(?=\nas|\$\$|\nreturn )/gm),
  ].map(([head, name = '', args = '']) => ({ file, text, name, types: types(args), head }));
});

/** Types of the parameters, without their names: what `comment on function` wants. */
function types(args: string): string {
  return args
    .split(',')
    .map((arg) =>
      arg
        .trim()
        .replace(/ default .*/, '')
        .split(/\s+/)
        .slice(1)
        .join(' '),
    )
    .join(', ');
}

describe('migrations', () => {
  test('are not longer than can be read', () => {
    for (const file of files) {
      expect(readFileSync(path.join(root, file), 'utf8').split('\n').length, file).toBeLessThan(
        250,
      );
    }
  });

  test('define functions', () => {
    expect(functions.length).toBeGreaterThan(15);
  });

  test.each(functions)('$name says what it is for', ({ text, name, types: parameters }) => {
    expect(text).toContain(`comment on function ${name}(${parameters}) is`);
  });

  test.each(functions)(
    '$name runs with names that no caller can change',
    ({ text, name, head }) => {
      const whole = text.slice(text.indexOf(`create function ${name}(`));
      const parsedAtOnce = /^return /m.test(whole.slice(0, whole.indexOf(';')));
      expect(parsedAtOnce || head.includes("set search_path = ''")).toBe(true);
    },
  );
});
