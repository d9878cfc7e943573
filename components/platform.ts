import * as pulumi from '@pulumi/pulumi';
import path from 'node:path';
import { root } from '../engine/root';
import { credentials, type Credentials } from './data/credentials';
import { readMigrations, schemaVersion } from './data/migrations';
import { names } from './data/names';
import { databaseUrl, Schema } from './data/schema';
import { environmentProblems, services } from './services/catalogue';
import type { SecretSource } from './services/service';
import { tokens } from './services/tokens';
import type { Problem } from './settings/errors';
import type { Settings, TargetName, TierName } from './settings/schema';
import { embedded } from './targets/embedded';
import type { DatabaseServer, Placed, Target } from './targets/target';
import { readDeclaration } from './tenancy/read';
import { compileTenancy } from './tenancy/compile';
import { SingleServer } from './tiers/single-server';
import type { Tier, TierArgs } from './tiers/tier';

type MakeTier = new (name: string, args: TierArgs, opts: pulumi.ComponentResourceOptions) => Tier;

/** Tiers and targets that are built; the settings refuse the others by name. */
const tiers: Partial<Record<TierName, MakeTier>> = { single: SingleServer };
const targets: Partial<Record<TargetName, (settings: Settings) => Target>> = { embedded };

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
  /** Login role → connection URL; secret. */
  readonly databases: pulumi.Output<Record<string, string>>;
  /** Secret. */
  readonly jwt: pulumi.Output<JwtOutput>;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    const parts = prepare(settings);
    super('strata:index:Platform', name, {}, opts);

    const keys = credentials(this);
    const tier = new parts.Tier(
      settings.tier,
      {
        target: parts.target,
        services: parts.services,
        databaseVolume: parts.target.databaseVolume(names.databaseVolume(1), {
          parent: this,
          protect: true,
        }),
        databasePassword: keys.databaseAdmin,
        // Grants decide what an API shows, so a changed fence is a changed schema.
        schemaVersion: schemaVersion(parts.migrations, parts.fences),
        schema: (database) =>
          new Schema(
            'schema',
            {
              database,
              credentials: keys,
              migrations: parts.migrations,
              tenants: settings.tenancy.tenants,
              fences: parts.fences,
            },
            { parent: this },
          ),
        secret: (database) => (source) => secretValue(source, database, keys),
      },
      { parent: this },
    );

    const ready = tier.placed.map(({ resource }) => resource.urn);
    this.endpoints = pulumi.all(ready).apply(() => endpoints(tier.placed));
    this.services = pulumi.all(ready).apply(() => described(tier.placed));
    this.databases = databases(tier.database, keys);
    this.jwt = pulumi.secret(
      keys.jwtKey.apply((key): JwtOutput => ({
        algorithm: 'HS256',
        key,
        ...tokens,
      })),
    );
    this.registerOutputs({
      endpoints: this.endpoints,
      services: this.services,
      databases: this.databases,
      jwt: this.jwt,
    });
  }
}

/** What cannot be deployed of well-formed settings: what the target or a service does not take. */
export function refusals(settings: Settings): Problem[] {
  const target = targets[settings.target]?.(settings);
  return [...(target?.refusals(settings) ?? []), ...environmentProblems(settings)];
}

/** Everything that can be known before the first resource. */
function prepare(settings: Settings) {
  const app = path.resolve(root, settings.app);
  const Tier = tiers[settings.tier];
  const target = targets[settings.target]?.(settings);
  if (!Tier || !target) {
    throw new Error(
      `tier ${settings.tier} on target ${settings.target} is not built: the settings refuse it by name`,
    );
  }
  return {
    Tier,
    target,
    services: services(settings),
    migrations: [
      ...readMigrations(path.join(root, 'sql'), 'platform'),
      ...readMigrations(path.join(app, 'sql'), 'app'),
    ],
    fences: compileTenancy(readDeclaration(app)),
  };
}

function secretValue(
  source: SecretSource,
  database: DatabaseServer,
  keys: Credentials,
): pulumi.Output<string> {
  if ('platform' in source) return keys.jwtKey;
  return databaseUrl(database, source.database, keys.logins[source.database]);
}

function databases(
  database: DatabaseServer,
  keys: Credentials,
): pulumi.Output<Record<string, string>> {
  const urls = Object.entries(keys.logins).map(
    ([role, password]) => [role, databaseUrl(database, role, password)] as const,
  );
  return pulumi.secret(pulumi.all(Object.fromEntries(urls)));
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
