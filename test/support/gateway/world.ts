import type { GatewayInput } from '../../../components/services/gateway/input';
import type { Service } from '../../../components/services/service';
import type { ServerResponse } from 'node:http';
import { startNames, type Names } from './names';
import { startNginx, type Running } from './nginx';
import { gatewayInput, service } from './platform';
import { startStandIn, type StandIn } from './stand-ins';

/** Real nginx with the real configuration; guard, services and DNS are stand-ins. */
export interface World {
  readonly gateway: Running;
  readonly guard: StandIn;
  readonly app: StandIn;
  readonly names: Names;
  stop(): Promise<void>;
}

export const acme = {
  authorization: 'Bearer token-of-acme',
  tenant: '11111111-1111-4111-8111-111111111111',
  user: '22222222-2222-4222-8222-222222222222',
};

/** The guard's "yes" for whoever sends a bearer token: the tenant and user are those of the token's name. */
export function admit(response: ServerResponse, more: Readonly<Record<string, string>> = {}): void {
  response
    .writeHead(204, {
      'x-strata-authorization': 'Bearer signed-by-the-guard',
      'x-strata-tenant': acme.tenant,
      'x-strata-user': acme.user,
      'x-strata-role': 'tenant_member',
      ...more,
    })
    .end();
}

/** The services behind the gateway of most tests: one stand-in answers for all of them. */
function usualServices(guard: number, app: number): Service[] {
  return [
    service('guard', guard),
    service('graphql', app, { graphql: { path: '/graphql', access: 'graphql', websocket: true } }),
    service('storage', app, { storage: { path: '/storage/', access: 'token', maxBody: '64K' } }),
    service('auth', app, { auth: { path: '/auth/', access: 'public', strict: true } }),
    service('open', app, {
      open: { path: '/open/', access: 'public' },
      socket: { path: '/socket', access: 'public', websocket: true },
      cached: { path: '/cached/', access: 'public', cacheSeconds: 60 },
      mapped: { path: '/mapped/', access: 'public', upstreamPath: '/' },
      slow: { path: '/slow/', access: 'public', timeoutSeconds: 1 },
    }),
    service('mine', app, { mine: { path: '/mine/', access: 'token', cacheSeconds: 60 } }),
    service('console', app, { console: { path: '/console/', access: 'operator' } }),
    service('cdn', app, {
      cdn: {
        path: '/',
        subdomain: 'cdn',
        access: 'public',
        upstreamPath: '/cdn/',
        cacheSeconds: 60,
        withoutQuery: true,
        maxBody: '1K',
      },
    }),
  ];
}

export async function startWorld(
  given: Parameters<typeof gatewayInput>[0] = {},
  options: Parameters<typeof startNginx>[2] = {},
  more: Partial<GatewayInput> = {},
): Promise<World> {
  const guard = await startStandIn();
  guard.answer = (_, response) => admit(response);
  const app = await startStandIn();
  const services = usualServices(guard.port, app.port);
  const names = await startNames(
    Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])),
  );
  const gateway = await startNginx(gatewayInput(given, more), services, {
    resolver: names.address,
    ...options,
  });
  return {
    gateway,
    guard,
    app,
    names,
    async stop() {
      await gateway.stop();
      names.close();
      await Promise.all([guard.close(), app.close()]);
    },
  };
}
