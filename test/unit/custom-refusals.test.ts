import { describe, expect, test } from 'vitest';
import { customService } from '../../components/settings/custom';

const image = 'registry.example.org/shop:1';

/** Where each problem stands and what it says. */
function problems(given: unknown): string[] {
  const issues = customService.safeParse(given).error?.issues ?? [];
  return issues.map((issue) => {
    const { reason } = (issue.code === 'custom' ? (issue.params ?? {}) : {}) as { reason?: string };
    return `${issue.path.join('.')}: ${reason ?? issue.message}`;
  });
}

describe('a custom service cannot', () => {
  test.each<[string, unknown, string[]]>([
    ['be nothing', {}, [': names nothing that could run']],
    [
      'be an image and a build',
      { image, build: { context: './x' } },
      ['build: is given beside "image", and only one of the two can be run'],
    ],
    [
      'lead somewhere without a port',
      { image, health: '/', publish: 80, route: { path: '/x' } },
      [
        'health: is a path to ask, but the service has no port',
        'publish: leads to the port of the service, which has none',
        'route: leads to the port of the service, which has none',
      ],
    ],
    [
      'have a route to nowhere',
      { image, port: 1, route: {} },
      ['route: says neither under which path nor under which subdomain'],
    ],
    [
      'be asked for its health in two ways',
      { image, port: 1, health: '/', healthCommand: ['x'] },
      ['healthCommand: is given beside "health", and only one of the two is asked'],
    ],
    [
      'publish one port for three replicas',
      { image, port: 1, publish: 2, replicas: 3 },
      ['publish: is one port of the host, which cannot lead to several replicas'],
    ],
    [
      'be a job that listens',
      {
        image,
        job: true,
        port: 1,
        publish: 2,
        health: '/',
        route: { path: '/x' },
        replicas: 1,
      },
      ['port', 'publish', 'route', 'health'].map(
        (member) => `${member}: is given, but a job runs to its end and listens on no port`,
      ),
    ],
    [
      'be a job of two',
      { image, job: true, replicas: 2 },
      ['replicas: is more than 1, but a job runs once'],
    ],
    [
      'set what the platform sets',
      {
        image,
        port: 1,
        database: true,
        redis: true,
        verifiesTokens: true,
        secrets: { DATABASE_URL: 'a', REDIS_URL: 'b', JWT_KEY: 'c', OTHER: 'd' },
        env: { PORT: '2', JWT_ISSUER: 'me', OTHER_FILE: '/etc/passwd', FINE: 'yes' },
      },
      [
        'secrets.DATABASE_URL: is set by "database" already',
        'secrets.REDIS_URL: is set by "redis" already',
        'secrets.JWT_KEY: is set by "verifiesTokens" already',
        'env.PORT: is set by "port" already',
        'env.JWT_ISSUER: is set by "verifiesTokens" already',
        'env.OTHER_FILE: is set by "secrets.OTHER" already',
      ],
    ],
  ])('%s', (_, given, expected) => {
    expect(problems(given)).toEqual(expected);
  });

  const path =
    'a path of letters, digits and . _ ~ - such as /shop (that path alone) or /shop/ (everything below)';

  test.each([
    ['shop', path],
    ['/../admin', path],
    ['/a/../admin', path],
    ['/.well-known/acme-challenge/', path],
    ['//evil.example.org', path],
    ['/a b', path],
    ['/x{ return 200; }', path],
    ['/x;deny all', path],
    ['/$host', path],
    ['/"', path],
    ['/a?b', path],
    ['/%2e%2e/', path],
    ['/a\n', path],
    [`/${'a'.repeat(300)}`, path],
  ])('have the route %j: it stands in the gateway’s configuration', (given, allowed) => {
    const routed = { image, port: 1, route: { path: given } };
    expect(problems(routed)).toContain(`route.path: ${allowed}`);
    const rewritten = { image, port: 1, route: { path: '/x', upstreamPath: given } };
    expect(problems(rewritten)).toContain(`route.upstreamPath: ${allowed}`);
  });

  test.each(['Shop', 'a.b', '*', '-a', 'a-', 'a b', '', 'a;b'])(
    'have the subdomain %j',
    (given) => {
      expect(problems({ image, port: 1, route: { subdomain: given } })).toContain(
        'route.subdomain: one lower-case label of a host name, such as shop',
      );
    },
  );

  test.each(['0:0', '0:1000', '1000:0', 'root', '1000', '1000:1000:1', '-1:1'])(
    'run as %j',
    (user) => {
      expect(problems({ image, user })).toContain(
        'user: numbers of a user and a group other than root, such as 1000:1000',
      );
    },
  );

  test.each(['/etc', '../x', './app/../../x', 'a/..', ''])('be built from %j', (context) => {
    expect(problems({ build: { context } })).toContain(
      'build.context: a folder inside the project, such as ./app/services/shop',
    );
  });

  test('have a volume: data belongs into the database or the object store', () => {
    expect(customService.safeParse({ image, volumes: {} }).error?.issues).toMatchObject([
      { code: 'unrecognized_keys', keys: ['volumes'] },
    ]);
  });

  test('be wrong in many ways and be told of one only', () => {
    const given = {
      image: 'shop',
      port: 0,
      replicas: 0,
      route: { path: 'x', access: 'graphql', maxBody: '1G', timeoutSeconds: 0 },
      secrets: { lower: 'a', UPPER: 'Not A Name' },
      resources: { memory: '1' },
      needs: ['Not A Name'],
      user: '0:0',
      job: 'yes',
    };
    const keys = customService.safeParse(given).error?.issues.map(({ path }) => path.join('.'));
    expect([...new Set(keys)].sort()).toEqual(
      [
        'image',
        'port',
        'replicas',
        'route.path',
        'route.access',
        'route.maxBody',
        'route.timeoutSeconds',
        'secrets.lower',
        'secrets.UPPER',
        'resources.memory',
        'needs.0',
        'user',
        'job',
      ].sort(),
    );
  });
});
