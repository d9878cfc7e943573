import type { BucketContent, VolumeContent } from '../services/service';

/**
 * Names of what holds data, and of what opens it.
 *
 * They are part of every user's state: they name neither tier nor server nor target, so that these may change around
 * the data (docs/adr/0001-data-identity.md). Where data must move to another resource, the new one is the next
 * generation and the old one stays declared until its token is in the config.
 */
export const names = {
  platform: 'strata',
  volume: (content: VolumeContent, generation: number) => `${content}-${generation}`,
  bucket: (content: BucketContent, generation: number) => `${content}-${generation}`,
  databaseAdmin: 'database-admin',
  login: (role: string) => `login-${role}`,
  redis: (user: string) => `redis-${user}`,
  vendor: (service: string) => `vendor-${service}`,
  /** The keys between the platform's parts are called what they are: `jwt-key`, `storage-master`. */
  platformSecret: (secret: string) => secret,
  /** Encrypts volumes, where the target has keys for that. */
  encryptionKey: 'encryption-key',
  /** Where the target keeps backups of volumes. */
  vault: 'vault-1',
  authority: 'authority',
  certificate: (host: string) => `certificate-${host}`,
  tenant: (slug: string) => `tenant-${slug}`,
  shard: (name: string) => `shard-${name}`,
} as const;
