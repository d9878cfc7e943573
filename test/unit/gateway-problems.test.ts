import { describe, expect, it } from 'vitest';
import { gatewayProblems, routeProblems } from '../../components/services/gateway/problems';
import type { Route } from '../../components/services/route';
import { gatewayInput, service } from '../support/gateway/platform';

const open = (path: string, more: Partial<Route> = {}): Route => ({
  path,
  access: 'public',
  ...more,
});

describe('what the gateway refuses of the services', () => {
  it('says nothing of services that each have their own', () => {
    expect(
      routeProblems([
        service('shop', 3000, { shop: open('/shop/'), page: open('/shop') }),
        service('docs', 3000, { docs: open('/shop/', { subdomain: 'docs' }) }),
      ]),
    ).toEqual([]);
  });

  it('names both of two services that claim one route, at the API and at a subdomain', () => {
    const problems = routeProblems([
      service('shop', 3000, { a: open('/shop/'), b: open('/', { subdomain: 'www' }) }),
      service('cart', 3001, { a: open('/shop/'), b: open('/', { subdomain: 'www' }) }),
    ]);
    expect(problems.map(({ key, reason }) => `${key} ${reason}`)).toEqual([
      'service cart claims the route /shop/, which service shop claims too',
      'service cart claims the route / of subdomain www, which service shop claims too',
    ]);
  });

  it.each<[string, Route]>([
    ['its path', open('/a; return 200')],
    ['its path', open('/a{')],
    ['its path', open('/$host/')],
    ['its path', open('/a/../b')],
    ['its path', open('a')],
    ['its path', open('/_strata/check')],
    ['its path', open('/t/acme/')],
    ['its path', open('/.well-known/acme-challenge/')],
    ['its upstream path', open('/a', { upstreamPath: '/"; x' })],
    ['its upstream path', open('/a/', { upstreamPath: '/b' })],
    ['its subdomain', open('/', { subdomain: 'api' })],
    ['its subdomain', open('/', { subdomain: 'a b' })],
    ['its body limit', open('/a', { maxBody: '1M; x' })],
    ['its time in the cache', open('/a', { cacheSeconds: 0 })],
    ['its time limit', open('/a', { timeoutSeconds: 0.5 })],
    ['its time in the cache', { path: '/a', access: 'graphql', cacheSeconds: 5 }],
    ['its time in the cache', { path: '/a', access: 'operator', cacheSeconds: 5 }],
  ])('refuses a route for %s (%j)', (what, route) => {
    expect(
      routeProblems([service('shop', 3000, { shop: route })]).map(({ reason }) => reason),
    ).toEqual([`has a route that the gateway cannot serve: ${what}`]);
  });

  it('refuses the port of a service that is not there or has no route, unless the preset keeps it', () => {
    const ports = { services: { gateway: 8080, shop: 8000, redis: 8001, nobody: 8002 } };
    const services = [service('shop', 3000, { shop: open('/') }), service('redis', 6379)];
    const problems = (slots: string[]) =>
      gatewayProblems(gatewayInput({ ports }, { slots }), services);
    expect(problems([]).map(({ key, allowed }) => [key, allowed])).toEqual([
      ['strata:gateway.ports.services.redis', 'gateway or shop'],
      ['strata:gateway.ports.services.nobody', 'gateway or shop'],
    ]);
    expect(problems(['redis', 'nobody']).map(({ key }) => key)).toEqual([
      'strata:gateway.ports.services.redis',
    ]);
  });

  it('refuses routes with tokens without a guard, hosts of tenants, and paths of folders', () => {
    const folder = './app';
    const taken = { '/app/': { folder }, '/v1/storage/': { folder } };
    const input = gatewayInput({ static: taken }, { tenants: ['acme'] });
    const problems = gatewayProblems(input, [
      service('shop', 3000, {
        shop: { path: '/shop/', access: 'token' },
        host: open('/', { subdomain: 'acme' }),
        app: open('/app/'),
      }),
    ]);
    expect(problems.map(({ key, reason }) => `${key} ${reason}`)).toEqual([
      'service shop has the route /shop/, which needs a token, but there is no guard to read it',
      'service shop takes the host of the tenant acme',
      'strata:gateway.static["/app/"] is a path that service shop has',
      'strata:gateway.static["/v1/storage/"] is a path that service storage has',
    ]);
  });
});
