import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';

type Words = pulumi.Input<string> | readonly pulumi.Input<string>[];

/** A statement of a policy, in IAM's own words. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  /** Only in policies of resources: whom it is about. */
  readonly Principal?: '*' | { readonly AWS: Words } | { readonly Service: Words };
  readonly Action: string | readonly string[];
  readonly Resource: Words;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Words>>>>;
}

/** A policy document as JSON. */
export function policy(statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: '2012-10-17', Statement: statements });
}

/** To read one secret; its key besides is `decrypt`'s. */
export function readSecret(secret: pulumi.Input<string>): Statement {
  return {
    Sid: 'ReadSecret',
    Effect: 'Allow',
    Action: 'secretsmanager:GetSecretValue',
    Resource: secret,
  };
}

/** To decrypt with a key what services of AWS keep, such as `s3`, and only by asking those. */
export function decrypt(
  { region }: Account,
  key: pulumi.Input<string>,
  services: readonly string[],
): Statement {
  return {
    Sid: 'Decrypt',
    Effect: 'Allow',
    Action: 'kms:Decrypt',
    Resource: key,
    Condition: {
      StringEquals: {
        'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`),
      },
    },
  };
}

/** Who may take on a role: one service of AWS. */
export function trust(service: string, condition?: Statement['Condition']): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        ...(condition && { Condition: condition }),
      },
    ],
  });
}
