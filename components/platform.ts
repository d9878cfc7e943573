import * as pulumi from '@pulumi/pulumi';
import { AppliedMigrations } from './data/applied-migrations';
import { certificates } from './data/certificates';
import { credentials, type Credentials } from './data/credentials';
import { hasuraMetadata } from './data/hasura';
import { Schema } from './data/schema';
import { secretValues } from './data/secrets';
import { databaseText } from './data/urls';
import { anonKey } from './services/anon-key';
import { withJobs } from './jobs';
import { linkCertificates } from './links/names';
import { planOf, publicNames, volumeOwners } from './plan';
import { extensionStatements } from './services/database/extensions';
import { vendorLimits } from './services/database/optional';
import { schemaJobName } from './services/schema-job';
import { operatorUser } from './services/gateway/operator';
import { hasuraAddress } from './services/hasura/hasura';
import type { Service, VolumeContent } from './services/service';
import { bucketsOf } from './services/sources';
import { tokens } from './services/tokens';
import { configSecrets } from './settings/secrets';
import type { Settings, TargetName, TierName } from './settings/schema';
import { awsTarget } from './targets/aws';
import { docker } from './targets/docker';
import { embedded } from './targets/embedded';
import type { Address, DataBuckets, DataVolumes, Placed, Target } from './targets/target';
import { LoadBalanced } from './tiers/load-balanced';
import { SingleServer } from './tiers/single-server';
import { SplitDatabase } from './tiers/split-database';

const tiers = {
  single: SingleServer,
  split: SplitDatabase,
  'load-balanced': LoadBalanced,
} as const satisfies Record<TierName, unknown>;

/** Targets that are built; the settings refuse the others by name. */
const targets: Partial<Record<TargetName, (settings: Settings) => Target>> = {
  embedded,
  docker,
  aws: awsTarget,
};

/** How a service is described to scripts and to `npm run status`. */
export interface ServiceOutput {
  kind: Placed['kind'];
  /** Absent for what only runs to its end. */
  health?: string;
  where: string;
}

/** What verifies an access token, and for whoever issues them, what signs one. */
export interface JwtOutput {
  algorithm: 'HS256';
  key: string;
  issuer: string;
  audience: string;
}

/** Who gets in at the gateway's operator routes, from the allowed addresses. */
export interface OperatorOutput {
  user: string;
  password: string;
}

/**
 * The whole platform: data and credentials of its own, and a tier that places the services on the target.
 *
 * Only this file knows tier, target and services together. Takes settings that `refusals` finds nothing wrong with.
 *
 * @example new Platform(names.platform, readSettings(refusals));
 */
export class Platform extends pulumi.ComponentResource {
  /** Endpoint name → URL. */
  readonly endpoints: pulumi.Output<Record<string, string>>;
  readonly services: pulumi.Output<Record<string, ServiceOutput>>;
  /** What the domain's DNS records have to lead to; empty where the target has nothing public of its own. */
  readonly entrance: pulumi.Output<string>;
  /** Certificate (PEM) of whoever signed the gateway's; empty where that is a public authority, or nobody. */
  readonly authority: pulumi.Output<string>;
  /** Login role → connection URL; secret. */
  readonly databases: pulumi.Output<Record<string, string>>;
  /** Secret. */
  readonly jwt: pulumi.Output<JwtOutput>;
  /** What clients of Supabase are made with; public. */
  readonly anonKey: pulumi.Output<string>;
  /** What the passwords of tenants' logins are derived from; secret. */
  readonly tenantLogins: pulumi.Output<string>;
  /** The login to what only the platform's operators see; secret. */
  readonly operator: pulumi.Output<OperatorOutput>;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    const Tier = tiers[settings.tier];
    const target = chosen(settings);
    const plan = planOf(settings);
    super('strata:index:Platform', name, {}, opts);

    const keys = credentials(target, this);
    const secrets = {
      credentials: keys,
      certificates: certificates(
        plan.all,
        publicNames(settings, plan.services),
        linkCertificates(settings.tier),
        this,
      ),
      buckets: this.buckets(target, plan.all),
      config: configSecrets(),
    };
    const tier = new Tier(
      settings.tier,
      target,
      {
        database: plan.database,
        services: target.reach === 'job' ? withJobs(plan, settings) : plan.services,
        volumes: this.volumes(target, plan.all),
        databasePassword: keys.databaseAdmin,
        schemaVersion: plan.schemaVersion,
        schema: (database) =>
          new Schema(
            'schema',
            {
              database,
              credentials: keys,
              migrations: plan.migrations,
              fences: plan.fences,
              setup: settings.target === 'embedded' ? [] : extensionStatements(settings),
              tenancy: settings.tenancy,
              plan: plan.tenancy,
              secrets: secrets.config,
              vendors: settings.target === 'embedded' ? {} : vendorLimits(settings),
            },
            { parent: this },
          ),
        complete: (placed, database, options) =>
          placed.name === hasuraAddress.name
            ? hasuraMetadata({ placed, database, plan, settings, credentials: keys }, options)
            : undefined,
        secret: (database) => secretValues(secrets, database),
      },
      { parent: this },
    );

    const job = tier.placed.find(({ name }) => name === schemaJobName)?.resource;
    if (job) {
      const { migrations } = plan;
      new AppliedMigrations('migrations', { migrations, job }, { parent: this });
    }

    const ready = tier.placed.map(({ resource }) => resource.urn);
    this.endpoints = pulumi.all(ready).apply(() => endpoints(tier.placed));
    this.services = pulumi.all(ready).apply(() => described(tier.placed));
    this.entrance = tier.entrance ?? pulumi.output('');
    this.authority = isSignedHere(settings) ? secrets.certificates.authority : pulumi.output('');
    this.databases = databases(tier.reach, keys);
    this.jwt = pulumi.secret(
      keys.platform['jwt-key'].apply((key): JwtOutput => ({
        algorithm: 'HS256',
        key,
        ...tokens,
      })),
    );
    this.anonKey = pulumi.unsecret(keys.platform['jwt-key'].apply(anonKey));
    this.tenantLogins = keys.platform['tenant-logins'];
    this.operator = pulumi.secret(
      keys.platform.operator.apply((password) => ({ user: operatorUser, password })),
    );
    this.registerOutputs({
      endpoints: this.endpoints,
      services: this.services,
      entrance: this.entrance,
      authority: this.authority,
      databases: this.databases,
      jwt: this.jwt,
      anonKey: this.anonKey,
      tenantLogins: this.tenantLogins,
      operator: this.operator,
    });
  }

  /** A volume for everything that any service keeps, outside of what a change of tier or target may replace. */
  private volumes(target: Target, all: readonly Service[]): DataVolumes {
    const opts = { parent: this, protect: true };
    return Object.fromEntries(
      Object.entries(volumeOwners(all)).flatMap(([content, owner]) => {
        const volume = target.volume(content as VolumeContent, owner, opts);
        return volume ? [[content, volume]] : [];
      }),
    );
  }

  /** A bucket for everything that any service keeps in one, as lasting as the volumes. */
  private buckets(target: Target, all: readonly Service[]): DataBuckets {
    const opts = { parent: this, protect: true };
    return Object.fromEntries(
      bucketsOf(all).map((content) => {
        if (!target.bucket) throw new Error(`target ${target.name} makes no bucket`);
        return [content, target.bucket(content, opts)];
      }),
    );
  }
}

function chosen(settings: Settings): Target {
  const target = targets[settings.target]?.(settings);
  if (!target) throw new Error(`target ${settings.target} is not built: the settings refuse it`);
  return target;
}

function isSignedHere({ target, gateway }: Settings): boolean {
  return target !== 'embedded' && gateway.tls.mode === 'local';
}

function databases(
  reach: pulumi.Input<Address>,
  { logins }: Credentials,
): pulumi.Output<Record<string, string>> {
  const urls = pulumi
    .all([reach, logins])
    .apply(([address, passwords]) =>
      Object.fromEntries(
        Object.entries(passwords).map(([role, password]) => [
          role,
          databaseText(address, role, password),
        ]),
      ),
    );
  return pulumi.secret(urls);
}

function endpoints(placed: readonly Placed[]): Record<string, string> {
  return Object.fromEntries(placed.flatMap((service) => Object.entries(service.endpoints)));
}

function described(placed: readonly Placed[]): Record<string, ServiceOutput> {
  return Object.fromEntries(
    placed.map(({ name, kind, health, where }) => [
      name,
      { kind, where, ...(health && { health }) },
    ]),
  );
}
