import type { Problem } from '../../settings/errors';
import { oneOf, showKey } from '../../settings/show';
import type { Service } from '../service';
import { ports, servedRoutes, type GatewayInput } from './input';

/** In the place of a service: every site at a second port. */
export const wholeGateway = 'gateway';

/** A port of the host, and the one inside that it leads to: nginx tells by it what was asked for. */
export interface OwnPort {
  readonly published: number;
  readonly inside: number;
}

/** Service → its port, of those that are there. */
export function ownPorts(
  { gateway }: Pick<GatewayInput, 'gateway'>,
  services: readonly Service[],
): Record<string, OwnPort> {
  const routed = routedNames(services);
  const there = Object.entries(gateway.ports.services)
    .filter(([name]) => routed.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    there.map(([name, published], index) => [name, { published, inside: ports.own + index }]),
  );
}

/** Ports of services that are not there, or that nothing leads to: nobody would answer. */
export function ownPortProblems(
  { gateway, slots = [] }: GatewayInput,
  services: readonly Service[],
): Problem[] {
  const routed = routedNames(services);
  const awaited = slots.filter((slot) => !services.some(({ name }) => name === slot));
  return Object.keys(gateway.ports.services)
    .filter((name) => !routed.has(name) && !awaited.includes(name))
    .map((name) => ({
      key: showKey(['gateway', 'ports', 'services', name]),
      reason: 'is the port of a service that this deployment does not have, or that has no route',
      allowed: oneOf([...routed]),
      advice: 'Give the service a route, or take its port out.',
    }));
}

function routedNames(services: readonly Service[]): ReadonlySet<string> {
  return new Set([wholeGateway, ...servedRoutes(services).map(({ service }) => service)]);
}
