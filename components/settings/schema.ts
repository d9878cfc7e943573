import { z } from 'zod';
import { auth } from './auth';
import { aws } from './aws';
import { customService } from './custom';
import { database } from './database';
import { docker } from './docker';
import { functions } from './functions';
import { hasura } from './hasura';
import { gateway } from './gateway';
import { hooks } from './hooks';
import { images } from './images';
import { limits } from './limits';
import { monitoringSchema } from './monitoring';
import * as names from './names';
import { oauth } from './oauth';
import { redis } from './redis';
import { resources } from './resources';
import { secrets } from './secrets';
import { storage } from './storage';
import { tenancy } from './tenancy';
import * as values from './values';

export type { CatalogueName, PresetName, TargetName, TierName } from './names';

const service = z
  .strictObject({
    enabled: z
      .boolean({ error: 'true or false' })
      .optional()
      .describe('false leaves the service out of the preset; true adds it.'),
    image: values.image.optional().describe('Another container image than the pinned one.'),
    replicas: values.replicas.optional().describe('How many; what the tier says when not given.'),
    resources: resources.optional(),
    env: values.environment
      .optional()
      .describe('More environment variables. Not for secrets: they stand in the state.'),
  })
  .describe('What to change of a service that Strata brings.');

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
  docker: docker.prefault({}),
  aws: aws.prefault({}),
  images: images.prefault({}).describe('Where container images come from.'),
  gateway: gateway.prefault({}),
  database: database.prefault({}),
  limits: limits.prefault({}),
  oauth: oauth.prefault({}),
  redis: redis.prefault({}),
  storage: storage.prefault({}),
  auth: auth.prefault({}),
  functions: functions.prefault({}),
  hasura: hasura.prefault({}),
  hooks: hooks.prefault({}),
  monitoring: monitoringSchema.prefault({}).describe('What is watched, and whom alerts reach.'),
  secrets: secrets.prefault({}),
});

export type Settings = z.output<typeof settingsSchema>;
/** Settings as a config gives them: what is left out has its default. */
export type GivenSettings = z.input<typeof settingsSchema>;
export type SettingName = keyof Settings;
export type ServiceSettings = z.output<typeof service>;
