import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customService } from '../../components/settings/custom';
import { runCommand, type Outcome } from '../support/command';
import { removeProject, temporaryProject } from '../support/local';

const folder = temporaryProject();
const { importEnvCommand } = await import('../../engine/commands/import-env');
const stackFile = path.join(folder, 'Pulumi.dev.yaml');
const envFile = path.join(folder, '.env');
const before = '# Ours.\nconfig:\n  strata:target: docker\n';

beforeEach(() => {
  writeFileSync(stackFile, before);
});

afterAll(() => {
  removeProject(folder);
});

function run(text: string | Buffer, ...args: string[]): Promise<Outcome> {
  writeFileSync(envFile, text);
  return runCommand(importEnvCommand(), envFile, '--stack', 'dev', ...args);
}

interface Result {
  readonly services: Record<string, unknown>;
  readonly secrets: unknown;
  readonly commands: string[];
  readonly left: Record<string, string>;
}

/** What a text becomes; everything that it becomes is what the settings take. */
async function imported(text: string): Promise<Result> {
  const { stdout, error } = await run(text, '--json');
  expect(error).toBeUndefined();
  const result = JSON.parse(stdout) as Result;
  for (const service of Object.values(result.services)) {
    expect(customService.safeParse(service).error).toBeUndefined();
  }
  return result;
}

describe('a custom service of nself', () => {
  test('is taken over from one line', async () => {
    const { services, left } = await imported('CS_1=shop:express-ts:3001:shop\n');
    expect(services).toEqual({
      shop: {
        build: { context: './services/shop' },
        port: 3001,
        route: { subdomain: 'shop', access: 'public' },
        health: '/health',
      },
    });
    expect(left).toEqual({});
  });

  test('has a port of its own and no route when the line names neither', async () => {
    const { services } = await imported('CS_7=worker:bullmq-ts\n');
    expect(services).toEqual({
      worker: { build: { context: './services/worker' }, port: 8007, health: '/health' },
    });
  });

  test('is what its members say where they differ from the line', async () => {
    const { services, left } = await imported(`
      # A comment.
      export CS_1="ping_api:go:8001:ping"
      CS_1_PORT=9001
      CS_1_ROUTE='pong'
      CS_1_MEMORY=128m
      CS_1_CPU=0.25
      CS_1_REPLICAS=2
      CS_1_HEALTHCHECK=/healthz  # its own
      CS_1_ENV=LEVEL=debug,NAMES=a,b,RATE=10
      CS_1_ENV_PASSTHROUGH=BASE_DOMAIN
      CS_1_DEPENDS_ON=postgres,redis,cs_two
      CS_1_DOCKERFILE=Dockerfile.prod
      BASE_DOMAIN=example.org
      CS_2=cs_two:node:8002
      CS_2_IMAGE=registry.example.org/two:1
      CS_2_HEALTHCHECK=disabled
    `);
    expect(services).toEqual({
      'ping-api': {
        build: { context: './services/ping_api', dockerfile: 'Dockerfile.prod' },
        port: 9001,
        route: { subdomain: 'pong', access: 'public' },
        health: '/healthz',
        replicas: 2,
        resources: { cpus: 0.25, memory: '128M' },
        env: { BASE_DOMAIN: 'example.org', LEVEL: 'debug', NAMES: 'a,b', RATE: '10' },
        needs: ['redis', 'cs-two'],
      },
      'cs-two': { image: 'registry.example.org/two:1', port: 8002 },
    });
    expect(left).toEqual({});
  });

  test.each([
    ['CMD curl -f http://localhost', { healthCommand: ['curl', '-f', 'http://localhost'] }],
    ['CMD-SHELL test -f /ok && exit 0', { healthCommand: ['sh', '-c', 'test -f /ok && exit 0'] }],
    ['none', {}],
  ])('tells its health by %j', async (given, expected) => {
    const { services } = await imported(`CS_1=a:node:1\nCS_1_HEALTHCHECK="${given}"\n`);
    expect(services.a).toEqual({ build: { context: './services/a' }, port: 1, ...expected });
  });

  test('stays inside when it was not public', async () => {
    const { services } = await imported('CS_1=a:node:1:a\nCS_1_PUBLIC=false\n');
    expect(services.a).not.toHaveProperty('route');
  });

  test('is taken over from its members alone', async () => {
    const { services } = await imported('CS_1_NAME=a\nCS_1_FRAMEWORK=node\nCS_1_PORT=80\n');
    expect(services).toMatchObject({ a: { port: 80 } });
  });
});

describe('what is not taken over', () => {
  test('is listed with what to do, and nothing is swallowed', async () => {
    const { left } = await imported(`
      CS_1=a:node:1:a.b.example.org
      CS_1_PUBLIC=true
      CS_1_VOLUMES=./data:/data
      CS_1_NETWORKS=x
      CS_1_COMMAND=npm start
      CS_1_TYPO=1
      CS_ONE=2
      CS_01=b:node
      CS_2_PORT=3
      CS_3=a:go
      CS_1_ENV_PASSTHROUGH=NOT_THERE
      CS_1=a:node:1:a.b.example.org
    `);
    expect(Object.keys(left).sort()).toEqual(
      [
        'CS_1',
        'CS_1_ROUTE',
        'CS_1_VOLUMES',
        'CS_1_NETWORKS',
        'CS_1_COMMAND',
        'CS_1_TYPO',
        'CS_ONE',
        'CS_01',
        'CS_2',
        'CS_3',
        'CS_1_ENV_PASSTHROUGH',
      ].sort(),
    );
    expect(left.CS_1).toBe('stands there more than once; the last one counts');
    expect(left.CS_1_TYPO).toBe('is no variable of a custom service');
    expect(left.CS_3).toBe('names a, which another one names too');
  });
});

describe('a secret', () => {
  const hidden = [
    ['STRIPE_KEY', 'abc'],
    ['SMTP_PASSWORD', 'hush'],
    ['DB', 'postgres://ann:hush@db/x'],
    ['OTHER', 'sk_live_0123456789abcdef'],
    ['OPAQUE', 'a1b2c3d4e5f6a7b8c9d0e1f2'],
  ] as const;

  test('is named and never written or shown', async () => {
    const pairs = hidden.map(([name, value]) => `${name}=${value}`).join(',');
    const text = `CS_1=shop:node:1\nCS_1_ENV=${pairs},LEVEL=info\nCS_1_ENV_PASSTHROUGH=API_TOKEN\nAPI_TOKEN=hush2\n`;
    const shown = await run(text, '--dry-run');
    const { services, secrets, commands } = await imported(text);
    expect(services.shop).toMatchObject({
      env: { LEVEL: 'info' },
      secrets: {
        API_TOKEN: 'shop-api-token',
        STRIPE_KEY: 'shop-stripe-key',
        SMTP_PASSWORD: 'shop-smtp-password',
        DB: 'shop-db',
        OTHER: 'shop-other',
        OPAQUE: 'shop-opaque',
      },
    });
    expect(secrets).toHaveLength(6);
    expect(commands[0]).toBe(
      'npm run pulumi -- config set --secret --path strata:secrets.shop-api-token --stack dev',
    );
    const everything = shown.stdout + JSON.stringify(services) + readFileSync(stackFile, 'utf8');
    for (const [, value] of [...hidden.slice(1), ['', 'hush2']]) {
      expect(everything).not.toContain(value);
    }
  });

  test('is not shown in the error about it', async () => {
    const { error } = await run('CS_1=shop:node:1\nCS_1_ENV=bad-NAME=hush,lower_key=hush3\n');
    expect(error).toContain('lower_key');
    expect(error).not.toContain('hush');
  });
});

describe('a file is refused', () => {
  test.each<[string, string | Buffer, string]>([
    ['that holds no service', 'PORT=1\n', 'holds no custom service'],
    ['whose service has no name', 'CS_1=:node\n', 'CS_1 names no service'],
    ['that is binary', Buffer.from([67, 83, 0, 1]), 'is not a text in UTF-8'],
    ['in another encoding', Buffer.from([0xff, 0xfe, 67]), 'is not a text in UTF-8'],
    ['of more than a megabyte', `CS_1=a:node\n#${'x'.repeat(1024 * 1024)}`, 'larger than 1 MB'],
    ['with a name of the platform', 'CS_1=graphql:node\n', 'a name that no part of Strata has'],
    ['with a name that objects have', 'CS_1=__proto__:node\n', 'a lower-case ASCII letter'],
    ['with a port that is none', 'CS_1=a:node:http\n', 'strata:customServices.a.port'],
    ['with a context outside', 'CS_1=a:node\nCS_1_PATH=../../etc\n', 'a folder inside the project'],
    ['with an image that could be any', 'CS_1=a:x\nCS_1_IMAGE=nginx\n', 'with its tag or digest'],
    ['with a route that is no label', 'CS_1=a:node:1:A_b\n', 'one lower-case label'],
  ])('%s', async (_, text, expected) => {
    const { error } = await run(text);
    expect(error).toContain(expected);
    expect(readFileSync(stackFile, 'utf8')).toBe(before);
  });

  test('that is not there, or no file', async () => {
    const missing = await runCommand(importEnvCommand(), path.join(folder, 'no'), '--stack', 'dev');
    expect(missing.error).toMatch(/no is not there\.$/);
    mkdirSync(path.join(folder, 'dir'), { recursive: true });
    const directory = await runCommand(importEnvCommand(), path.join(folder, 'dir'));
    expect(directory.error).toMatch(/dir is not a file\.$/);
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const pipe = await runCommand(importEnvCommand(), path.join(folder, 'pipe'));
    expect(pipe.error).toMatch(/pipe is not a file\.$/);
  });

  test('with several mistakes at once', async () => {
    const { error } = await run('CS_1=a:node:0\nCS_1_CPU=fast\nCS_2=B:node\n');
    expect(error).toContain('strata:customServices.a.port');
    expect(error).toContain('strata:customServices.a.resources.cpus');
    expect(error).toContain('"B"');
  });

  test('for a stack without containers', async () => {
    writeFileSync(stackFile, 'config:\n');
    expect((await run('CS_1=a:node\n')).error).toContain('target embedded');
  });

  test('the second time', async () => {
    expect((await run('CS_1=a:node\n')).error).toBeUndefined();
    const once = readFileSync(stackFile, 'utf8');
    expect((await run('CS_1=a:node\n')).error).toBe(
      'Pulumi.dev.yaml has a already. Nothing was changed.',
    );
    expect(readFileSync(stackFile, 'utf8')).toBe(once);
  });
});

test('names that objects have do nothing to objects', async () => {
  const text = 'CS_1=a:node:1\n__proto__=x\nCS_1_ENV=__proto__=x,constructor=y,FINE=z\n';
  const { services, left } = await imported(text);
  expect(services.a).toMatchObject({ env: { FINE: 'z' } });
  expect(left).toEqual({ CS_1_ENV: 'holds a name that cannot be used' });
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test('the stack’s file keeps its comment and gains the service', async () => {
  expect((await run('CS_1=a:node:1:a\n')).error).toBeUndefined();
  const text = readFileSync(stackFile, 'utf8');
  expect(text.startsWith(before)).toBe(true);
  expect(parse(text)).toEqual({
    config: {
      'strata:target': 'docker',
      'strata:customServices': {
        a: {
          build: { context: './services/a' },
          port: 1,
          route: { subdomain: 'a', access: 'public' },
          health: '/health',
        },
      },
    },
  });
});

test('a look shows what would be written and writes nothing', async () => {
  const { stdout } = await run('CS_1=a:node:1:a\nCS_1_VOLUMES=x\n', '--dry-run');
  expect(stdout).toContain('Would add a to Pulumi.dev.yaml.');
  expect(stdout).toContain('These folders are not there yet');
  expect(stdout).toContain('These are open to anybody');
  expect(stdout).toContain('CS_1_VOLUMES services keep their data');
  expect(readFileSync(stackFile, 'utf8')).toBe(before);
});
