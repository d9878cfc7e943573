import * as pulumi from '@pulumi/pulumi';
import type { LoginInputs, LoginState } from './database/login';
import type { MigrationInputs, MigrationState } from './database/migration';
import type { TenantInputs, TenantState } from './database/tenant';
import type { JobInputs, JobState } from './local/job';
import type { PostgresInputs, PostgresState } from './local/postgres';
import type { ProcessInputs, ProcessState } from './local/process';
import type { VolumeInputs } from './local/volume';
import type { PasswordInputs, PasswordState } from './secrets/password';
import type { TableInputs, TableState } from './tenancy/table';

/**
 * The strata provider's resources as a program uses them; what each is and takes stands at its inputs' type.
 */

/** Inputs as a program gives them: values that may come later, texts of a map one by one. */
type Args<T> = {
  [K in keyof T]:
    | pulumi.Input<T[K]>
    | (Record<string, string> extends T[K] ? Record<string, pulumi.Input<string>> : never);
};

/** A resource's properties: what is given, and the outputs that only the provider knows. */
function withOutputs<Inputs extends object>(
  inputs: Args<Inputs>,
  outputs: readonly string[],
): Record<string, unknown> {
  return { ...Object.fromEntries(outputs.map((name) => [name, undefined])), ...inputs };
}

export class Password extends pulumi.CustomResource {
  declare readonly result: pulumi.Output<PasswordState['result']>;

  constructor(name: string, args: Args<PasswordInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:secrets:Password', name, withOutputs(args, ['result']), {
      ...opts,
      additionalSecretOutputs: ['result'],
    });
  }
}

export class Volume extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: Args<VolumeInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:local:Volume', name, withOutputs(args, []), opts);
  }
}

export class Postgres extends pulumi.CustomResource {
  declare readonly systemIdentifier: pulumi.Output<PostgresState['systemIdentifier']>;
  declare readonly version: pulumi.Output<PostgresState['version']>;

  constructor(name: string, args: Args<PostgresInputs>, opts: pulumi.CustomResourceOptions) {
    super(
      'strata:local:Postgres',
      name,
      withOutputs(args, ['systemIdentifier', 'version', 'running', 'address']),
      opts,
    );
  }
}

export class Process extends pulumi.CustomResource {
  declare readonly pid: pulumi.Output<ProcessState['pid']>;

  constructor(name: string, args: Args<ProcessInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:local:Process', name, withOutputs(args, ['running', 'pid', 'log']), opts);
  }
}

export class Job extends pulumi.CustomResource {
  declare readonly exitCode: pulumi.Output<JobState['exitCode']>;

  constructor(name: string, args: Args<JobInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:local:Job', name, withOutputs(args, ['ranAt', 'exitCode']), opts);
  }
}

export class Migration extends pulumi.CustomResource {
  declare readonly appliedAt: pulumi.Output<MigrationState['appliedAt']>;

  constructor(name: string, args: Args<MigrationInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:database:Migration', name, withOutputs(args, ['sha256', 'appliedAt']), opts);
  }
}

export class Login extends pulumi.CustomResource {
  declare readonly accepted: pulumi.Output<LoginState['accepted']>;

  constructor(name: string, args: Args<LoginInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:database:Login', name, withOutputs(args, ['accepted']), opts);
  }
}

export class Tenant extends pulumi.CustomResource {
  declare readonly tenantId: pulumi.Output<TenantState['tenantId']>;

  constructor(name: string, args: Args<TenantInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:database:Tenant', name, withOutputs(args, ['tenantId']), opts);
  }
}

export class Table extends pulumi.CustomResource {
  declare readonly applied: pulumi.Output<TableState['applied']>;

  constructor(name: string, args: Args<TableInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Table', name, withOutputs(args, ['applied', 'live']), opts);
  }
}
