import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readApplication } from '../../components/plan';
import { behindGateway, gatewayInput } from '../../components/services/catalogue';
import type { Workload } from '../../components/services/service';
import { root } from '../../engine/root';
import { ask } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';
import { settingsOf } from '../support/platform';

const title = noNginx ? `a frontend (skipped: ${noNginx})` : 'a frontend beside the gateway';

/** The example of docs/supabase.md. */
const documented = (() => {
  const page = readFileSync(path.join(root, 'docs/supabase.md'), 'utf8');
  const [, example = ''] = /```yaml\n(config:\n[^`]*frontend:[^`]*)```/.exec(page) ?? [];
  const { config } = parse(example) as { config: Record<string, { frontend: object }> };
  return config['strata:customServices']?.frontend;
})();

describe.skipIf(noNginx !== undefined).each([
  { preset: 'supabase', answers: { '/rest/v1/todos': 401, '/auth/v1/health': 200 } },
  { preset: 'flask', answers: { '/storage/v1/object/a': 401, '/auth/v1/health': 200 } },
])(`${title}, preset $preset, real nginx before stand-ins`, ({ preset, answers }) => {
  let frontend: StandIn;
  let others: StandIn;
  let guard: StandIn;
  let names: Names;
  let gateway: Running;
  beforeAll(async () => {
    frontend = await startStandIn();
    others = await startStandIn();
    guard = await startStandIn();
    guard.answer = (_, response) => response.writeHead(401).end();
    const settings = settingsOf({
      target: 'docker',
      preset,
      domain: 'example.org',
      services: { realtime: { enabled: false } },
      database: { memory: '6G' },
      customServices: {
        frontend: documented,
        shop: { image: 'shop:1', port: 3000, route: { subdomain: 'app', access: 'public' } },
      },
    });
    const ports: Record<string, number> = { frontend: frontend.port, guard: guard.port };
    const services = behindGateway(readApplication(settings).application)
      .filter((service): service is Workload => service.kind === 'workload')
      .filter(({ port }) => port !== undefined)
      .map((service) => ({ ...service, port: ports[service.name] ?? others.port }));
    names = await startNames(Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])));
    gateway = await startNginx(gatewayInput(settings), services, { resolver: names.address });
  });
  afterAll(async () => {
    await gateway.stop();
    names.close();
    await Promise.all([frontend.close(), others.close(), guard.close()]);
  });

  const found = async (at: string, host = 'example.org') => {
    frontend.asked.length = 0;
    others.asked.length = 0;
    const { status } = await ask(gateway, at, { host });
    return [status, frontend.asked.map(({ url }) => url)];
  };

  it('has every path that no service has, on the hosts of tenants too', async () => {
    expect(await found('/')).toEqual([200, ['/']]);
    expect(await found('/settings/team?tab=1')).toEqual([200, ['/settings/team?tab=1']]);
    expect(await found('/todos', 'acme.example.org')).toEqual([200, ['/todos']]);
    expect(frontend.asked[0]?.headers['x-tenant-host']).toBe('acme');
  });

  it('has no path of the API', async () => {
    for (const [at, status] of Object.entries(answers))
      expect([at, await found(at)]).toEqual([at, [status, []]]);
  });

  it('has nothing of a site with a name of its own', async () => {
    expect(await found('/', 'app.example.org')).toEqual([200, []]);
    expect(others.asked.map(({ url }) => url)).toEqual(['/']);
  });
});
