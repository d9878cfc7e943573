import * as pulumi from '@pulumi/pulumi';
import type { AppliedInputs } from './database/applied-migration';
import type { LoginInputs, LoginState } from './database/login';
import type { MigrationInputs, MigrationState } from './database/migration';
import type { DatabaseServerInputs, DatabaseServerState } from './database/server';
import type { TenantInputs, TenantState } from './database/tenant';
import type { VendorInputs, VendorState } from './database/vendor';
import type { FilesInputs, FilesState } from './docker/files';
import type { ImageInputs, ImageState } from './docker/image';
import type { DockerJobInputs, DockerJobState } from './docker/job';
import type { DockerMachineInputs } from './docker/machine';
import type { ReadyInputs, ReadyState } from './docker/ready';
import type { DockerVolumeInputs } from './docker/volume';
import type { MetadataInputs } from './hasura/metadata';
import type { JobInputs, JobState } from './local/job';
import type { PostgresInputs, PostgresState } from './local/postgres';
import type { ProcessInputs, ProcessState } from './local/process';
import type { VolumeInputs } from './local/volume';
import type { PasswordInputs, PasswordState } from './secrets/password';
import type { AuditInputs } from './tenancy/audit';
import type { DeclaredInputs } from './tenancy/declared';
import type { PlacesInputs } from './tenancy/places';
import type { ShardInputs } from './tenancy/shard';
import type { TableInputs, TableState } from './tenancy/table';
import type { TemplateInputs } from './tenancy/template';
import { withOutputs, type Args } from './sdk-inputs';
import type { AuthorityInputs, AuthorityState } from './tls/authority';
import type { CertificateInputs, CertificateState } from './tls/certificate';

/**
 * The strata provider's resources as a program uses them; what each is and takes stands at its inputs' type.
 */

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

export class AppliedMigration extends pulumi.CustomResource {
  constructor(name: string, args: Args<AppliedInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:database:AppliedMigration', name, withOutputs(args, []), opts);
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

export class VendorDatabase extends pulumi.CustomResource {
  declare readonly sound: pulumi.Output<VendorState['sound']>;

  constructor(name: string, args: Args<VendorInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:database:Vendor', name, withOutputs(args, ['sound']), opts);
  }
}

export class Metadata extends pulumi.CustomResource {
  constructor(name: string, args: Args<MetadataInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:hasura:Metadata', name, withOutputs(args, ['applied', 'live']), opts);
  }
}

export class Table extends pulumi.CustomResource {
  declare readonly applied: pulumi.Output<TableState['applied']>;

  constructor(name: string, args: Args<TableInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Table', name, withOutputs(args, ['applied', 'live']), opts);
  }
}

export class Shard extends pulumi.CustomResource {
  constructor(name: string, args: Args<ShardInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Shard', name, withOutputs(args, []), opts);
  }
}

export class Declared extends pulumi.CustomResource {
  constructor(name: string, args: Args<DeclaredInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Declared', name, withOutputs(args, ['accepted', 'live']), opts);
  }
}

export class Places extends pulumi.CustomResource {
  constructor(name: string, args: Args<PlacesInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Places', name, withOutputs(args, ['places', 'behind']), opts);
  }
}

export class Audit extends pulumi.CustomResource {
  constructor(name: string, args: Args<AuditInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Audit', name, withOutputs(args, ['live']), opts);
  }
}

export class Template extends pulumi.CustomResource {
  constructor(name: string, args: Args<TemplateInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tenancy:Template', name, withOutputs(args, []), opts);
  }
}

export class DatabaseServer extends pulumi.CustomResource {
  declare readonly systemIdentifier: pulumi.Output<DatabaseServerState['systemIdentifier']>;
  declare readonly version: pulumi.Output<DatabaseServerState['version']>;

  constructor(name: string, args: Args<DatabaseServerInputs>, opts: pulumi.CustomResourceOptions) {
    const outputs = withOutputs(args, ['systemIdentifier', 'version']);
    super('strata:database:Server', name, outputs, opts);
  }
}

/** What is replaced stays until its users have moved to the new one, whose name is another. */
const createFirst = { deleteBeforeReplace: false };

export class Image extends pulumi.CustomResource {
  declare readonly reference: pulumi.Output<ImageState['reference']>;

  constructor(name: string, args: Args<ImageInputs>, opts: pulumi.CustomResourceOptions) {
    const outputs = withOutputs(args, ['reference', 'content']);
    super('strata:docker:Image', name, outputs, { ...opts, ...createFirst });
  }
}

export class Files extends pulumi.CustomResource {
  declare readonly volume: pulumi.Output<FilesState['volume']>;

  constructor(name: string, args: Args<FilesInputs>, opts: pulumi.CustomResourceOptions) {
    const files = pulumi.secret(args.files);
    const outputs = withOutputs<FilesInputs>({ ...args, files }, ['volume']);
    super('strata:docker:Files', name, outputs, { ...opts, ...createFirst });
  }
}

export class Ready extends pulumi.CustomResource {
  declare readonly ready: pulumi.Output<ReadyState['ready']>;

  constructor(name: string, args: Args<ReadyInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:docker:Ready', name, withOutputs(args, ['ready']), opts);
  }
}

export class DockerJob extends pulumi.CustomResource {
  declare readonly exitCode: pulumi.Output<DockerJobState['exitCode']>;

  constructor(name: string, args: Args<DockerJobInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:docker:Job', name, withOutputs(args, ['ranAt', 'exitCode']), opts);
  }
}

export class DockerVolume extends pulumi.CustomResource {
  declare readonly volume: pulumi.Output<string>;

  constructor(name: string, args: Args<DockerVolumeInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:docker:Volume', name, withOutputs(args, []), opts);
  }
}

export class DockerMachine extends pulumi.CustomResource {
  constructor(name: string, args: Args<DockerMachineInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:docker:Machine', name, withOutputs(args, []), opts);
  }
}

const issued = ['certificate', 'key', 'expires'];
const secretKey = { additionalSecretOutputs: ['key'] };

export class Authority extends pulumi.CustomResource {
  declare readonly certificate: pulumi.Output<AuthorityState['certificate']>;
  declare readonly key: pulumi.Output<AuthorityState['key']>;

  constructor(name: string, args: Args<AuthorityInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tls:Authority', name, withOutputs(args, issued), { ...opts, ...secretKey });
  }
}

export class Certificate extends pulumi.CustomResource {
  declare readonly certificate: pulumi.Output<CertificateState['certificate']>;
  declare readonly key: pulumi.Output<CertificateState['key']>;
  declare readonly expires: pulumi.Output<CertificateState['expires']>;

  constructor(name: string, args: Args<CertificateInputs>, opts: pulumi.CustomResourceOptions) {
    super('strata:tls:Certificate', name, withOutputs(args, issued), { ...opts, ...secretKey });
  }
}
