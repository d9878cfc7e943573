import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { bounded, type Account } from './account';
import { globalName } from './naming';
import { policy, trust, type Statement } from './policy';

export interface ServiceRoleArgs {
  readonly account: Account;
  /** What the role is called after the stack; 64 characters with the region at most. */
  readonly part: string;
  readonly description: string;
  /** Who takes it on: `lambda.amazonaws.com`. */
  readonly service: string;
  /** For whom the service may take it on. */
  readonly condition?: Statement['Condition'];
  /** What the statements are called together. */
  readonly allows: string;
  readonly rights: readonly Statement[];
}

export interface ServiceRole {
  readonly role: aws.iam.Role;
  /** Whoever starts with the role waits for this. */
  readonly rights: aws.iam.RolePolicy;
}

/** A role that one service of AWS takes on, with rights of its own and within the account's boundary. */
export function serviceRole(
  name: string,
  { account, part, description, service, condition, allows, rights }: ServiceRoleArgs,
  opts: pulumi.CustomResourceOptions,
): ServiceRole {
  const role = new aws.iam.Role(
    name,
    {
      name: globalName(part, account, 64),
      description,
      assumeRolePolicy: trust(service, condition),
      ...bounded(account),
    },
    opts,
  );
  return {
    role,
    rights: new aws.iam.RolePolicy(
      name,
      { name: allows, role: role.name, policy: policy(rights) },
      opts,
    ),
  };
}
