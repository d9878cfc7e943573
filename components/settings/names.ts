/** How big: which services stand on which servers, and how many of each. */
export const tierNames = ['single', 'split', 'load-balanced'] as const;
export type TierName = (typeof tierNames)[number];

/** On what. */
export const targetNames = ['embedded', 'docker', 'aws', 'kubernetes'] as const;
export type TargetName = (typeof targetNames)[number];

/** Which services a deployment starts from. */
export const presetNames = [
  'minimal',
  'standard',
  'nself',
  'nextmavens',
  'supabase',
  'nestjs',
  'flask',
] as const;
export type PresetName = (typeof presetNames)[number];

/** Extensions of Postgres that a config may add. */
export const extensionNames = ['btree_gist', 'citext', 'pg_trgm', 'postgis', 'unaccent'] as const;
export type ExtensionName = (typeof extensionNames)[number];

/** What a deployment does about a table that the declaration of tenancy does not know. */
export const unknownTableRules = ['refuse', 'report'] as const;
export type UnknownTableRule = (typeof unknownTableRules)[number];

/** Roles that a member can have in a tenant. */
export const roleNames = ['admin', 'member'] as const;
export type RoleName = (typeof roleNames)[number];

/** Names under which the config knows the services that Strata brings, built or not. */
export const catalogueNames = [
  'graphql',
  'pooler',
  'redis',
  'guard',
  'gateway',
  'functions',
  'storage',
  'monitoring',
  'backup',
  'hasura',
  'hasura-auth',
  'gotrue',
  'sessions',
  'oauth',
  'postgrest',
  'hasura-storage',
  'supabase-storage',
  'imgproxy',
  'realtime',
  'meta',
  'studio',
  'admin',
  'pgadmin',
  'mailpit',
] as const;
export type CatalogueName = (typeof catalogueNames)[number];

/** Names that a custom service cannot have: other parts of a deployment have them. */
export const reservedServiceNames: readonly string[] = [
  ...catalogueNames,
  'acme',
  'alertmanager',
  'alloy',
  'backup-bucket',
  'blackbox-exporter',
  'cadvisor',
  'clamav',
  'database',
  'database-major',
  'functions-worker',
  'grafana',
  'links',
  'loki',
  'mailhog',
  'nginx-exporter',
  'node-exporter',
  'object-store',
  'pgbouncer-exporter',
  'pooler-registry',
  'postgres-exporter',
  'prometheus',
  'redis-exporter',
  'schema',
  'supabase-storage-bucket',
  'supabase-storage-policies',
  'tempo',
  'tenants',
];

/** Slugs that a tenant cannot have: tenants become host names and paths, and these mean something there. */
export const reservedSlugs: readonly string[] = [
  'admin',
  'api',
  'app',
  'assets',
  'auth',
  'cdn',
  'default',
  'functions',
  'graphql',
  'localhost',
  'mail',
  'public',
  'realtime',
  'root',
  'static',
  'status',
  'storage',
  'strata',
  'studio',
  'system',
  'www',
];

/** Keys that mean something to JavaScript objects themselves; refused wherever a key can stand. */
export const poisonedKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];
