import { z } from 'zod';
import { consistent, oneAdmin } from './contradictions';
import * as names from './names';
import * as values from './values';

export type { CatalogueName, ModelName, PresetName, TargetName, TierName } from './names';

const resources = z
  .strictObject({
    cpus: values.cpus.optional().describe('Processors, such as 0.5.'),
    memory: values.memory.optional().describe('Memory, such as 512M or 2G.'),
  })
  .describe('Upper limits; none where not given.');

const service = z
  .strictObject({
    enabled: z
      .boolean({ error: 'true or false' })
      .optional()
      .describe('false leaves the service out of the preset.'),
    image: values.image.optional().describe('Another container image than the pinned one.'),
    replicas: values.replicas.optional().describe('How many; what the tier says when not given.'),
    resources: resources.optional(),
    env: values.environment
      .optional()
      .describe('More environment variables. Not for secrets: they stand in the state.'),
  })
  .describe('What to change of a service that Strata brings.');

const customService = z
  .strictObject({
    command: values.command.describe('The program and its arguments.'),
    workdir: values.folder
      .optional()
      .describe('Where it runs, relative to the project; the project itself when not given.'),
    image: values.image.optional().describe('The container image, on targets with containers.'),
    port: values.port
      .optional()
      .describe('The port that it listens on; it is told by the variable PORT.'),
    env: values.environment
      .default({})
      .describe('Environment variables. Not for secrets: they stand in the state.'),
    health: values.urlPath
      .optional()
      .describe('A path that answers 2xx when it works; without one an open port is enough.'),
    replicas: values.replicas.default(1).describe('How many of it run.'),
    job: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe('true: it runs to its end at each deployment that changes it, and has no port.'),
  })
  .superRefine(consistent)
  .describe('A service of your own: any program, port, environment and health check.');

const tenant = z
  .strictObject({
    name: values.displayName.optional().describe('As people read it; the slug when not given.'),
    members: z
      .record(values.userName, z.enum(names.roleNames))
      .superRefine(oneAdmin)
      .describe('User name → admin or member. At least one admin.'),
  })
  .describe('A tenant and who belongs to it.');

const tenancy = z.strictObject({
  model: z
    .enum(names.modelNames)
    .default('shared')
    .describe('How tenants are kept apart: rows of shared tables, a schema each, a database each.'),
  tenants: z.record(values.tenantSlug, tenant).default({}).describe('Slug → tenant.'),
});

const ports = z.strictObject({
  database: values.port.default(15432).describe('Postgres.'),
  graphql: values.port.default(15678).describe('The GraphQL API.'),
});

const optionalServices = Object.fromEntries(
  names.catalogueNames.map((name) => [name, service.optional()]),
) as Record<names.CatalogueName, z.ZodOptional<typeof service>>;

/**
 * The whole config surface: one member for each key `strata:<member>` of a stack's config. Every member has a default;
 * those defaults stand in Pulumi.yaml too, and a test compares the two.
 */
export const settingsSchema = z.strictObject({
  tier: z
    .enum(names.tierNames)
    .default('single')
    .describe('How big: one server, database apart, or load-balanced with replicas.'),
  target: z.enum(names.targetNames).default('embedded').describe('On what it runs.'),
  domain: values.domain
    .default('localhost')
    .describe('The host name under which the platform is reached.'),
  app: values.folder
    .default('./app')
    .describe('The folder of your application: tenancy.ts and sql/.'),
  preset: z
    .enum(names.presetNames)
    .default('minimal')
    .describe('Which services a deployment starts from.'),
  services: z
    .strictObject(optionalServices)
    .prefault({})
    .describe('What to change of the services that Strata brings.'),
  customServices: z
    .record(values.customServiceName, customService)
    .default({})
    .describe('Your own services, by name.'),
  tenancy: tenancy.prefault({}).describe('The tenants and how they are kept apart.'),
  ports: ports.prefault({}).describe('Ports of this machine that the embedded target listens on.'),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;
export type ServiceSettings = z.output<typeof service>;
export type CustomService = z.output<typeof customService>;
export type TenantSettings = z.output<typeof tenant>;
