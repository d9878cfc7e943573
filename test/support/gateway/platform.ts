import type { GatewayInput } from '../../../components/services/gateway/input';
import type { Route } from '../../../components/services/route';
import type { Workload } from '../../../components/services/service';
import { gateway as schema } from '../../../components/settings/gateway';
import type { z } from 'zod';

/** Settings of the gateway as the config would have them. */
export function gatewayInput(
  given: z.input<typeof schema> = {},
  more: Partial<GatewayInput> = {},
): GatewayInput {
  return {
    image: 'nginx:1.30.4',
    domain: 'example.org',
    gateway: schema.parse(given),
    graphqlBytes: 100_000,
    ...more,
  };
}

/** A service with routes. */
export function service(
  name: string,
  port: number,
  routes: Readonly<Record<string, Route>> = {},
): Workload {
  return {
    kind: 'workload',
    name,
    image: `${name}:1`,
    environment: {},
    secrets: {},
    files: {},
    needs: [],
    port,
    readsSchema: false,
    routes,
    replicas: 1,
  };
}
