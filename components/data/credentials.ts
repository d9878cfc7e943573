import type * as pulumi from '@pulumi/pulumi';
import { Password } from '../../provider/sdk';
import type { LoginRole } from '../services/service';
import { names } from './names';

const loginRoles: readonly LoginRole[] = [
  'strata_migrator',
  'strata_authenticator',
  'strata_hasura',
  'strata_app',
  'strata_auditor',
];

/** What opens the data: generated once, kept as secrets in the state, and as long-lived as the data itself. */
export interface Credentials {
  /** Password of the cluster's admin. */
  readonly databaseAdmin: pulumi.Output<string>;
  readonly logins: Readonly<Record<LoginRole, pulumi.Output<string>>>;
  /** Signs and verifies access tokens (HS256). */
  readonly jwtKey: pulumi.Output<string>;
}

/** Makes the platform's credentials as children of `parent`, protected against deletion. */
export function credentials(parent: pulumi.Resource): Credentials {
  const password = (name: string, length: number): pulumi.Output<string> =>
    new Password(name, { length }, { parent, protect: true }).result;

  return {
    databaseAdmin: password(names.databaseAdmin, 40),
    logins: Object.fromEntries(
      loginRoles.map((role) => [role, password(names.login(role), 40)]),
    ) as Record<LoginRole, pulumi.Output<string>>,
    jwtKey: password(names.jwtKey, 64),
  };
}
