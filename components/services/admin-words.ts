/** Service → what it is, in a few words; what stands here nowhere is the user's own. */
export const aboutService: Readonly<Record<string, string>> = {
  acme: 'Orders and renews the certificates',
  admin: 'Services, tenants, users and the audit log for operators',
  alertmanager: 'Sends alerts to people',
  alloy: 'Collects the logs of all containers',
  backup: 'Backs the database up',
  'blackbox-exporter': 'Asks services for their health, and tries each path as a stranger',
  cadvisor: 'Figures of containers',
  clamav: 'Searches uploads for viruses',
  database: 'Postgres: everything but the bytes of files',
  functions: 'The application’s functions that answer HTTP',
  'functions-worker': 'The application’s functions that events, the clock and queues start',
  gateway: 'The way in: TLS, routes, limits of addresses',
  gotrue: 'Accounts and sign-in, behind sessions',
  grafana: 'Dashboards',
  graphql: 'The GraphQL API',
  guard: 'Checks tokens and API keys, counts requests, limits queries',
  hasura: 'The GraphQL engine',
  'hasura-auth': 'Accounts and sign-in, behind sessions',
  imgproxy: 'Makes images of Supabase’s storage smaller',
  loki: 'Keeps logs',
  meta: 'The catalogue of the database for Studio, and SQL of operators',
  mailhog: 'Catches mail instead of sending it; for development',
  'nginx-exporter': 'Figures of the gateway',
  'node-exporter': 'Figures of the host',
  oauth: 'Tokens by OAuth 2.0',
  'object-store': 'Keeps the bytes of files',
  pgadmin: 'Administration of the database',
  'pgbouncer-exporter': 'Figures of the pooler',
  pooler: 'Shares the connections to the database',
  'pooler-registry': 'Tells the pooler of tenants with a database of their own',
  'postgres-exporter': 'Figures of the database',
  postgrest: 'The REST API',
  prometheus: 'Collects figures and knows the rules of alerts',
  realtime: 'Channels and changes of rows over web sockets',
  redis: 'Counters, queues and short memory',
  'redis-exporter': 'Figures of the cache',
  sessions: 'Sign-up, sign-in and sessions of users',
  storage: 'Files of tenants',
  studio: 'Tables of the database in the browser',
  'supabase-storage': 'Files of tenants, as Supabase’s clients ask for them',
  tempo: 'Keeps traces',
  tenants: 'Makes, changes and moves tenants',
};

/** Services whose pages show figures. */
export const dashboardPages: Readonly<Record<string, string>> = {
  grafana: 'Dashboards of the platform, and logs and traces where they are collected.',
  prometheus: 'Figures as they are collected, rules, and which of them fire.',
  alertmanager: 'Alerts that are on, and silences.',
};

/** Services whose pages show the database. */
export const databasePages: Readonly<Record<string, string>> = {
  pgadmin: 'Queries and the whole catalogue, as the role strata_auditor.',
  studio: 'Tables and their rows.',
};
