import type * as pulumi from '@pulumi/pulumi';
import type { LoginRole, PlatformSecret, RedisUser } from '../services/service';
import type { PasswordShape, Target } from '../targets/target';
import { vendorNames, type VendorName } from '../services/vendors';
import { names } from './names';

/** What the cluster's admin has too. */
export const word: PasswordShape = { length: 40, alphabet: 'letters' };
const key: PasswordShape = { length: 64, alphabet: 'letters' };
const hex: PasswordShape = { length: 64, alphabet: 'hex' };
const keyId: PasswordShape = { length: 24, alphabet: 'hex' };

/** Login role → what its password is made of. */
export const loginRoles = {
  strata_migrator: word,
  strata_authenticator: word,
  strata_hasura: word,
  strata_app: word,
  strata_auditor: word,
  strata_guard: word,
  strata_dispatcher: word,
  strata_sessions: word,
  strata_admin_page: word,
  strata_pooler: word,
  strata_monitor: word,
  strata_oauth: word,
  strata_realtime: word,
} as const satisfies Record<LoginRole, PasswordShape>;

/** Vendor's service → what the password to its own database is made of. */
export const vendorLogins = Object.fromEntries(vendorNames.map((name) => [name, word])) as Readonly<
  Record<VendorName, PasswordShape>
>;

export const redisUsers = {
  guard: word,
  functions: word,
  storage: word,
  app: word,
  tenants: word,
  oauth: word,
  realtime: word,
  monitor: word,
} as const satisfies Record<RedisUser, PasswordShape>;

export const platformSecrets = {
  'jwt-key': key,
  'tenant-logins': key,
  'storage-rpc': hex,
  'storage-admin': key,
  'storage-master': key,
  'backup-cipher': key,
  'backup-key-id': keyId,
  'backup-key': hex,
  'oauth-key': hex,
  'supabase-storage-key-id': keyId,
  'supabase-storage-key': hex,
  'meta-crypto': key,
  'pooler-console': word,
  operator: word,
  'hasura-admin': key,
  'auth-encryption': hex,
} as const satisfies Record<PlatformSecret, PasswordShape>;

/** What opens the data: generated once, kept as secrets in the state, and as long-lived as the data itself. */
export interface Credentials {
  /** Password of the cluster's admin. */
  readonly databaseAdmin: pulumi.Output<string>;
  readonly logins: Readonly<Record<LoginRole, pulumi.Output<string>>>;
  readonly vendors: Readonly<Record<VendorName, pulumi.Output<string>>>;
  readonly redis: Readonly<Record<RedisUser, pulumi.Output<string>>>;
  readonly platform: Readonly<Record<PlatformSecret, pulumi.Output<string>>>;
}

/**
 * Makes the platform's credentials as children of `parent`, protected against deletion.
 *
 * All of them, whatever the settings choose: a service that is added later or taken out changes no credential.
 */
export function credentials(target: Target, parent: pulumi.Resource): Credentials {
  const password = (name: string, shape: PasswordShape): pulumi.Output<string> =>
    target.password(name, shape, { parent, protect: true });
  const each = <Name extends string>(
    shapes: Readonly<Record<Name, PasswordShape>>,
    called: (name: string) => string,
  ): Record<Name, pulumi.Output<string>> =>
    Object.fromEntries(
      Object.entries<PasswordShape>(shapes).map(([name, shape]) => [
        name,
        password(called(name), shape),
      ]),
    ) as Record<Name, pulumi.Output<string>>;

  return {
    databaseAdmin: password(names.databaseAdmin, word),
    logins: each(loginRoles, names.login),
    vendors: each(vendorLogins, names.vendor),
    redis: each(redisUsers, names.redis),
    platform: each(platformSecrets, names.platformSecret),
  };
}
