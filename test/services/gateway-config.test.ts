import fc from 'fast-check';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gatewayProblems } from '../../components/services/gateway/problems';
import type { GatewayInput } from '../../components/services/gateway/input';
import type { Access, Route } from '../../components/services/route';
import type { Service } from '../../components/services/service';
import { gateway as schema } from '../../components/settings/gateway';
import { configTest, noNginx, writeConfig } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';

const title = noNginx
  ? `the configuration (skipped: ${noNginx})`
  : 'the configuration, judged by nginx -t';

describe.skipIf(noNginx !== undefined)(title, () => {
  const judged = async (input: GatewayInput, services: readonly Service[]) => {
    const { folder, command } = await writeConfig(input, services);
    try {
      return configTest(command);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const guard = service('guard', 8000);
  const accesses: Access[] = ['public', 'token', 'graphql', 'operator'];
  const every = accesses.map((access) =>
    service(access, 3000, {
      [access]: { path: `/${access}/`, access, websocket: true, strict: true, maxBody: '2G' },
    }),
  );

  it.each([
    { mode: 'local' },
    { mode: 'own', certificate: 'c', key: 'k' },
    { mode: 'acme', email: 'a@example.org' },
  ] as const)(
    'is accepted without a service, with one of each kind, and with everything set (tls $mode)',
    async (tls) => {
      const all = {
        tls,
        ports: { http: 8080, https: 8443, services: { gateway: 8444, token: 8445, public: 8446 } },
        cors: { origins: ['https://a.example.net', 'http://localhost:3000'], credentials: true },
        operators: ['10.0.0.0/8', 'this-machine', '2001:db8::/32'],
        proxies: { cloudflare: true, addresses: ['192.0.2.1'] },
        static: { '/': { folder: 'nowhere' } },
      };
      expect([
        await judged(gatewayInput({ tls }), []),
        await judged(gatewayInput({ tls }), [guard, ...every]),
        await judged(gatewayInput(all, { domain: 'localhost' }), [guard, ...every]),
        ...(await Promise.all(every.map((one) => judged(gatewayInput(all), [guard, one])))),
      ]).toEqual(['', '', '', '', '', '', '']);
    },
  );

  /** Mostly what is allowed, so that nginx has something to judge. */
  const mostly = <T, U>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<U>) =>
    fc.oneof({ weight: 15, arbitrary: good }, { weight: 1, arbitrary: bad });
  const paths = fc.constantFrom(
    '/a',
    '/a/',
    '/',
    '/graphql',
    '/storage/',
    '/rest/',
    '/v1/auth/',
    '/a.b/~c/',
  );
  const odd = fc.oneof(
    fc.constantFrom('/a b', '/"', '/$x', '/a;', '/{', '/#', '/é', '/\n', "/'", '/\\'),
    fc.string({ maxLength: 8 }).map((text) => `/${text}`),
  );
  const route: fc.Arbitrary<Route> = fc.record(
    {
      path: mostly(paths, odd),
      access: fc.constantFrom(...accesses),
      subdomain: mostly(fc.constantFrom('cdn', 'www', 'a-b'), fc.constantFrom('api', 'a.b', 'A')),
      upstreamPath: mostly(fc.constantFrom('/', '/x/'), odd),
      maxBody: mostly(fc.constantFrom('1M', '64K', '9G', '1'), fc.constantFrom('', 'x;', '1M;')),
      websocket: fc.boolean(),
      strict: fc.boolean(),
      timeoutSeconds: mostly(fc.integer({ min: 1, max: 100 }), fc.integer({ min: -1, max: 0 })),
    },
    { requiredKeys: ['path', 'access'] },
  );
  const kept = fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined });
  const cacheable = fc
    .tuple(route, kept)
    .map(([one, cacheSeconds]): Route =>
      cacheSeconds !== undefined &&
      (one.access === 'public' || one.access === 'token') &&
      one.websocket !== true
        ? { ...one, cacheSeconds }
        : one,
    );
  const network = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((address) => `${address}/8`),
  );
  const settings = fc.record(
    {
      contentSecurityPolicy: mostly(
        fc.constantFrom("default-src 'self'", "img-src https: data:; script-src 'nonce-a+b/c='"),
        fc.string({ minLength: 1, maxLength: 30 }),
      ),
      cors: fc.record({
        origins: fc.array(
          mostly(fc.constantFrom('https://a.example.net', 'http://localhost:3000'), fc.webUrl()),
          { maxLength: 3 },
        ),
        credentials: fc.boolean(),
      }),
      operators: fc.array(fc.oneof(network, fc.constant('this-machine'))),
      proxies: fc.record({ cloudflare: fc.boolean(), addresses: fc.array(network) }),
      hstsSeconds: fc.integer({ min: 0, max: 63_072_000 }),
      limits: fc.record({ perSecond: fc.integer({ min: 1, max: 100_000 }) }),
    },
    { requiredKeys: [] },
  );

  it('is either refused in words or accepted by nginx, whatever routes and settings there are', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    console.log(`seed ${seed} (SEED=${seed} repeats it)`);
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(mostly(fc.constantFrom('shop', 'docs'), fc.constant('Bad name')), cacheable),
          { maxLength: 4 },
        ),
        settings,
        async (routes, given) => {
          const read = schema.safeParse(given);
          if (!read.success) return;
          const input = { ...gatewayInput(), gateway: read.data };
          const services = [
            guard,
            ...routes.map(([name, one], index) => service(name, 3000 + index, { one })),
          ];
          if (gatewayProblems(input, services).length > 0) return;
          accepted += 1;
          expect(await judged(input, services)).toBe('');
        },
      ),
      { seed, numRuns: 300 },
    );
    console.log(`nginx has judged ${accepted} of them`);
    expect(accepted).toBeGreaterThan(30);
  });
});
