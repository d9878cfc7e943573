import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gatewayInput, service } from '../support/gateway/platform';
import { ask, code, type Answer } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, operatorPassword, startNginx, type Running } from '../support/gateway/nginx';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';

const title = noNginx
  ? `ports of services (skipped: ${noNginx})`
  : 'ports of services at the gateway, real nginx before stand-ins';

/** What the config says; inside a test nginx listens elsewhere. */
const published = { gateway: 8080, frontend: 8000, pgadmin: 5050, shop: 9090 };

describe.skipIf(noNginx !== undefined)(title, () => {
  let app: StandIn;
  let guard: StandIn;
  let names: Names;
  let gateway: Running;
  beforeAll(async () => {
    app = await startStandIn();
    guard = await startStandIn();
    guard.answer = (_, response) => response.writeHead(401).end();
    const services = [
      service('guard', guard.port),
      service('graphql', app.port, { graphql: { path: '/graphql', access: 'graphql' } }),
      service('pgadmin', app.port, { pgadmin: { path: '/pgadmin/', access: 'operator' } }),
      service('shop', app.port, { shop: { path: '/shop/', access: 'token', maxBody: '1K' } }),
      service('frontend', app.port, {
        frontend: { path: '/', subdomain: 'app', access: 'public' },
        login: { path: '/login', subdomain: 'app', access: 'public', strict: true },
      }),
    ];
    names = await startNames(Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])));
    gateway = await startNginx(
      gatewayInput({
        ports: { services: published },
        operators: ['127.0.0.2'],
        limits: { strictPerMinute: 1, strictBurst: 2 },
      }),
      services,
      { resolver: names.address },
    );
  });
  afterAll(async () => {
    await gateway.stop();
    names.close();
    await Promise.all([app.close(), guard.close()]);
  });
  afterEach(() => {
    app.asked.length = 0;
    guard.asked.length = 0;
  });

  const at = (
    name: keyof typeof published,
    path: string,
    question: Parameters<typeof ask>[2] = {},
  ): Promise<Answer> => ask(gateway, path, { ...question, port: gateway.own[name] ?? 0 });
  const asked = () => app.asked.map(({ url, headers }) => [url, headers['x-forwarded-port']]);

  it('answers for a site of its own by its own name, and tells the service the port', async () => {
    const answer = await at('frontend', '/a?b=1', { host: 'app.example.org' });
    expect([answer.status, asked()]).toEqual([200, [['/a?b=1', '8000']]]);
    await ask(gateway, '/a', { host: 'app.example.org' });
    expect(asked()[1]).toEqual(['/a', '443']);
  });

  it('sends who asks the port by the domain to that name, so that cookies of the two stay apart', async () => {
    const { status, headers } = await at('frontend', '/a?b=1', { host: 'example.org' });
    expect([status, headers.location, app.asked]).toEqual([
      308,
      'https://app.example.org:8000/a?b=1',
      [],
    ]);
  });

  it('has nothing there of another service, by any name', async () => {
    for (const host of ['example.org', 'api.example.org', 'acme.example.org'])
      for (const path of ['/graphql', '/v1/graphql', '/shop/', '/t/acme/graphql']) {
        const { status } = await at('pgadmin', path, { host, from: '127.0.0.2' });
        expect([host, path, status]).toEqual([host, path, 404]);
      }
    expect((await at('shop', '/pgadmin/', { from: '127.0.0.2' })).status).toBe(404);
    expect([app.asked, guard.asked]).toEqual([[], []]);
  });

  it('shows no certificate for the name of another site', async () => {
    await expect(at('frontend', '/', { host: 'api.example.org' })).rejects.toThrow();
    await expect(at('pgadmin', '/', { host: 'app.example.org' })).rejects.toThrow();
    const smuggled = { host: 'app.example.org', headers: { host: 'api.example.org' } };
    const answer = await at('frontend', '/graphql', smuggled);
    expect([answer.status, code(answer), app.asked]).toEqual([421, 'unknown_host', []]);
  });

  it('asks for the login and the address of operators there too', async () => {
    const login = (password: string) => ({
      authorization: `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`,
    });
    const found = async (from: string, headers: Record<string, string>) =>
      (await at('pgadmin', '/pgadmin/', { host: 'example.org', from, headers })).status;
    expect([
      await found('127.0.0.1', login(operatorPassword)),
      await found('127.0.0.1', { ...login(operatorPassword), 'x-forwarded-for': '127.0.0.2' }),
      await found('127.0.0.2', {}),
      await found('127.0.0.2', login('guess')),
    ]).toEqual([403, 403, 401, 401]);
    expect(app.asked).toEqual([]);
    expect(await found('127.0.0.2', login(operatorPassword))).toBe(200);
    expect(asked()).toEqual([['/pgadmin/', '5050']]);
  });

  it('leads from the port alone to the path of the service, and nowhere else', async () => {
    const { status, headers } = await at('pgadmin', '/', { host: 'example.org' });
    expect([status, headers.location]).toEqual([308, '/pgadmin/']);
    expect((await at('pgadmin', '/other', { host: 'example.org' })).status).toBe(404);
  });

  it('asks the guard, refuses odd paths and large bodies, and sends security headers as elsewhere', async () => {
    const refused = await at('shop', '/shop/a');
    expect([refused.status, refused.headers['strict-transport-security']]).toEqual([
      401,
      'max-age=31536000; includeSubDomains',
    ]);
    expect(guard.asked).toHaveLength(1);
    expect((await at('shop', '/shop/%2e%2e/x')).status).toBe(400);
    const large = { method: 'POST', body: 'x'.repeat(2000) };
    expect((await at('shop', '/shop/a', large)).status).toBe(413);
    expect((await at('shop', '/shop/a', { plain: true })).status).toBe(400);
    expect(app.asked).toEqual([]);
  });

  it('serves every site at the port of the gateway', async () => {
    guard.answer = (_, response) => response.writeHead(200).end();
    expect((await at('gateway', '/graphql', { method: 'POST', body: '{}' })).status).toBe(200);
    expect((await at('gateway', '/', { host: 'app.example.org' })).status).toBe(200);
    expect([guard.asked.length, asked()]).toEqual([1, [['/', '8080']]]);
  });

  it('counts an address once over all ports', async () => {
    const login = (name: keyof typeof published) =>
      at(name, '/login', { host: 'app.example.org', from: '127.0.0.9', method: 'POST' });
    const found = [];
    for (const name of ['frontend', 'gateway', 'frontend'] as const)
      found.push((await login(name)).status);
    expect([...found, (await login('frontend')).status]).toEqual([200, 200, 200, 429]);
  });
});
