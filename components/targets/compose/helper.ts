import type { ComposeService } from './service';

/** What every container of a bundle has, whoever made its image. */
export const closed = {
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  init: true,
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
} as const;

/** A service of the bundle's own, on the Node image. */
export function helper(nodeImage: string, more: ComposeService): ComposeService {
  const memory = '128m';
  return {
    image: nodeImage,
    user: '65534:65534',
    ...closed,
    mem_limit: memory,
    memswap_limit: memory,
    restart: 'no',
    ...more,
  };
}

/** An entry of `depends_on`. */
export type Wait = readonly [service: string, { readonly condition: string }];

/** Until a service has ended well. */
export function ended(name: string): Wait {
  return [name, { condition: 'service_completed_successfully' }];
}
