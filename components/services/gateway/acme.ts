import type { Service, Workload } from '../service';
import { containerLayout, ports, type GatewayInput } from './input';
import { certificateNames } from './servers';
import { localCertificate } from './tls';

/**
 * The program that keeps the gateway's certificate where `strata:gateway.tls.mode` is `acme`.
 *
 * It orders one certificate for the domain, its `api.` and the subdomains of services, and the names of
 * `strata:gateway.tls.names`; a tenant's host is one of those, for HTTP-01 proves no wildcard. Every name must lead to
 * the gateway, or no certificate is given for any. Healthy as soon as the platform's own certificate lies in the volume,
 * and for as long as what lies there is valid. `/metrics` says when that ends. Costs one Node process.
 */
export function acme(input: GatewayInput, services: readonly Service[]): Workload {
  const { certificates } = containerLayout();
  const { tls } = input.gateway;
  return {
    kind: 'workload',
    name: 'acme',
    program: { entries: { 'server.cjs': 'components/services/images/acme/server.ts' } },
    command: ['node', '{program}/server.cjs'],
    environment: {
      PORT: String(ports.acme),
      ACME_DIRECTORY: tls.directory,
      // The settings refuse mode acme without it.
      ACME_EMAIL: tls.email ?? '',
      ACME_NAMES: certificateNames(input, services).join(','),
      CERTIFICATES: certificates,
      GATEWAY_URL: `http://gateway:${ports.http}`,
    },
    secrets: {
      FALLBACK_CERTIFICATE: localCertificate.certificate,
      FALLBACK_KEY: localCertificate.key,
    },
    files: {},
    volumes: { [certificates]: 'certificates' },
    // nginx's: only it may read the key besides.
    user: '101:101',
    resources: { memory: '256M' },
    needs: [],
    port: ports.acme,
    health: '/healthz',
    metrics: { port: ports.acme, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
  };
}
