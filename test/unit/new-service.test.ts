import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { removeProject, temporaryProject } from '../support/local';
import { runCommand, type Outcome } from '../support/command';
import { customService } from '../../components/settings/custom';

const folder = temporaryProject();
const { newServiceCommand } = await import('../../engine/commands/new-service');
symlinkSync(path.resolve('templates'), path.join(folder, 'templates'));
const stackFile = path.join(folder, 'Pulumi.dev.yaml');

const before = `# Ours, and it stays.
config:
  strata:target: docker # here
  strata:app: ./mine
  strata:ports:
    graphql: 8002

  # Everything that we have written ourselves.
  strata:customServices:
    first: { command: [node, a.js], port: 8001 }
  strata:tier: single
`;

beforeEach(() => {
  writeFileSync(stackFile, before);
  removeProject(path.join(folder, 'mine'));
  removeProject(path.join(folder, 'app'));
});

afterAll(() => {
  removeProject(folder);
});

function run(...args: string[]): Promise<Outcome> {
  return runCommand(newServiceCommand(), ...args, '--stack', 'dev');
}

function written(): Record<string, unknown> {
  const { config } = parse(readFileSync(stackFile, 'utf8')) as {
    config: Record<string, Record<string, unknown>>;
  };
  return config['strata:customServices'] ?? {};
}

function nothingChanged(): void {
  expect(readFileSync(stackFile, 'utf8')).toBe(before);
  expect(existsSync(path.join(folder, 'mine'))).toBe(false);
}

describe('a new service', () => {
  test('is a copy of its template with its name in it, and lines in the stack’s file', async () => {
    const { stdout, error } = await run('shop', '--path', '/shop', '--template', 'node');
    expect(error).toBeUndefined();
    const made = path.join(folder, 'mine/services/shop');
    expect(readdirSync(made).sort()).toEqual(
      [
        '.dockerignore',
        'Dockerfile',
        'caller.mjs',
        'database.mjs',
        'package.json',
        'server.mjs',
        'server.test.mjs',
      ].sort(),
    );
    expect(JSON.parse(readFileSync(path.join(made, 'package.json'), 'utf8'))).toMatchObject({
      name: 'shop',
    });
    expect(readFileSync(stackFile, 'utf8')).toBe(
      before
        .replace(
          '    first: { command: [node, a.js], port: 8001 }\n',
          `    first: { command: [node, a.js], port: 8001 }
    shop:
      build:
        context: ./mine/services/shop
      port: 8003
      health: /healthz
      route:
        path: /shop/
        upstreamPath: /
      database: true
      verifiesTokens: true
`,
        )
        .replaceAll('[node, a.js]', '[ node, a.js ]'),
    );
    expect(stdout).toContain('Added strata:customServices.shop to Pulumi.dev.yaml');
    expect(stdout).toContain('Next: npm run up -- --stack dev');
  });

  test.each(['node', 'python', 'go'] as const)(
    'from %s is one that the settings take',
    async (template) => {
      expect((await run('shop', '--template', template)).error).toBeUndefined();
      expect(customService.safeParse(written().shop).error).toBeUndefined();
      const text = readdirSync(path.join(folder, 'mine/services/shop'))
        .map((file) => readFileSync(path.join(folder, 'mine/services/shop', file), 'utf8'))
        .join('');
      expect(text).not.toContain('strata-service');
    },
  );

  test('on the embedded target is a command, for there are no containers', async () => {
    writeFileSync(stackFile, 'config:\n');
    const { stdout } = await run('shop');
    expect(written()).toEqual({
      shop: {
        command: ['node', 'server.mjs'],
        workdir: './app/services/shop',
        port: 8001,
        health: '/healthz',
        database: true,
        verifiesTokens: true,
      },
    });
    expect(stdout).toContain('Next: cd app/services/shop && npm install; then npm run up');
  });

  test('makes the stack’s file when there is none', async () => {
    removeProject(stackFile);
    expect((await run('shop')).error).toBeUndefined();
    expect(Object.keys(written())).toEqual(['shop']);
  });

  test('gets the port and the subdomain that were asked for', async () => {
    expect((await run('shop', '--port', '9000', '--subdomain', 'shop')).error).toBeUndefined();
    expect(written().shop).toMatchObject({ port: 9000, route: { subdomain: 'shop' } });
  });

  test('can be looked at before it is made', async () => {
    const { stdout, error } = await run('shop', '--dry-run', '--json');
    expect(error).toBeUndefined();
    expect(JSON.parse(stdout)).toMatchObject({
      stack: 'dev',
      name: 'shop',
      template: 'node',
      folder: 'mine/services/shop',
      stackFile: 'Pulumi.dev.yaml',
      service: { port: 8003 },
      dryRun: true,
    });
    nothingChanged();
  });
});

describe('a new service is refused', () => {
  test('the second time, and nothing changes', async () => {
    await run('shop');
    const once = readFileSync(stackFile, 'utf8');
    const { error } = await run('shop');
    expect(error).toBe(
      'Pulumi.dev.yaml has a service shop already.\nmine/services/shop is there already.\nNothing was changed.',
    );
    expect(readFileSync(stackFile, 'utf8')).toBe(once);
  });

  test.each([
    ['the name of one that is there', ['first'], 'has a service first already'],
    [
      'a port that is another’s',
      ['shop', '--port', '8001'],
      "Port 8001 is first's already; 8003 is free.",
    ],
    ['a port of the platform', ['shop', '--port', '8002'], "is strata:ports.graphql's already"],
    ['a name that a part of Strata has', ['graphql'], 'a name that no part of Strata has'],
    ['a name that leads elsewhere', ['../../etc'], 'a lower-case ASCII letter'],
    ['a name that is an option to Docker', ['-x'], 'unknown option'],
    ['a name that objects have', ['__proto__'], 'a lower-case ASCII letter'],
    ['a port that is none', ['shop', '--port', '80x'], 'a whole number from 1024 to 65535'],
    [
      'a template that is none',
      ['shop', '--template', 'rust'],
      'Allowed choices are node, python, go',
    ],
    ['a path that could mean something to nginx', ['shop', '--path', '/x;y'], 'a path of letters'],
    ['a subdomain of two labels', ['shop', '--subdomain', 'a.b'], 'one lower-case label'],
    ['no name', [], "missing required argument 'name'"],
  ])('with %s', async (_, args, expected) => {
    expect((await run(...args)).error).toContain(expected);
    nothingChanged();
  });

  test('with a folder that is there', async () => {
    mkdirSync(path.join(folder, 'mine/services/shop'), { recursive: true });
    expect((await run('shop')).error).toContain('mine/services/shop is there already.');
    expect(readFileSync(stackFile, 'utf8')).toBe(before);
  });

  test('with a route where there is no gateway', async () => {
    writeFileSync(stackFile, '');
    expect((await run('shop', '--path', '/x')).error).toContain('Target embedded has no gateway');
  });

  test.each([
    ['no YAML', 'config: [', 'Pulumi.dev.yaml is not valid YAML'],
    ['two keys of one name', 'config:\n  a: 1\n  a: 2\n', 'Map keys must be unique'],
    ['a list', '- a\n', 'Pulumi.dev.yaml: the file is not a group of keys'],
    [
      'services that are no group',
      'config:\n  strata:customServices: x\n',
      'strata:customServices is not a group',
    ],
    [
      'services that are a secret',
      'config:\n  strata:customServices:\n    secure: v1:x\n',
      'is encrypted as a whole',
    ],
    ['more than a megabyte', `# ${'x'.repeat(1024 * 1024)}\n`, 'larger than 1 MB'],
  ])('when the stack’s file is %s', async (_, text, expected) => {
    writeFileSync(stackFile, text);
    expect((await run('shop')).error).toContain(expected);
    expect(readFileSync(stackFile, 'utf8')).toBe(text);
  });
});
