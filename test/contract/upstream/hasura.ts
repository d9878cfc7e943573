import type { UpstreamFile } from './facts';

const shell = `a shell reads the secrets' files, then the image's own command runs`;
const probe = 'the same path, asked from outside: the platform waits for it by its own probe';

/** Hasura and pgAdmin, as Hasura's own file has them. */
export const hasura: UpstreamFile = {
  title: 'Hasura',
  source:
    'hasura/graphql-engine install-manifests/docker-compose-pgadmin/docker-compose.yaml @ 008cfe5d84b298d9f6c76c738e9e633963f2becd',
  read: '2026-11-22',
  services: [
    {
      name: 'graphql-engine',
      preset: 'nself',
      ours: 'hasura',
      image: 'hasura/graphql-engine:v2.48.16',
      port: 8080,
      published: ['8080:8080'],
      environment: {
        HASURA_GRAPHQL_METADATA_DATABASE_URL: undefined,
        HASURA_GRAPHQL_DATABASE_URL: undefined,
        HASURA_GRAPHQL_ENABLE_CONSOLE: 'true',
        HASURA_GRAPHQL_DEV_MODE: 'true',
      },
      differences: [
        [['command'], shell],
        [['published'], 'the gateway alone is published'],
        [
          ['no HASURA_GRAPHQL_DATABASE_URL', 'also STRATA_DATABASE_URL', 'also AUTH_DATABASE_URL'],
          'sources are named in the metadata, which the platform writes',
        ],
        [
          [
            'HASURA_GRAPHQL_ENABLE_CONSOLE',
            'HASURA_GRAPHQL_DEV_MODE',
            'also HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS',
          ],
          "a server of production; the console is the developer's, by the CLI",
        ],
        [
          ['also HASURA_GRAPHQL_ADMIN_SECRET', 'also HASURA_GRAPHQL_JWT_SECRET'],
          'without them everybody may do everything',
        ],
        [['also HASURA_GRAPHQL_ENABLE_TELEMETRY'], 'nothing is sent to others'],
        [
          [
            'also HASURA_GRAPHQL_ENABLED_APIS',
            'also HASURA_GRAPHQL_ENABLE_ALLOWLIST',
            'also HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS',
            'also HASURA_GRAPHQL_DISABLE_CORS',
          ],
          'what nobody needs is closed; the gateway answers for other origins',
        ],
        [['also HASURA_GRAPHQL_EVENTS_FETCH_BATCH_SIZE'], 'the outbox hands out events'],
        [
          ['also HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES'],
          'numbers of more than 53 bits would be others in a browser',
        ],
        [
          [
            'also HASURA_GRAPHQL_PG_CONNECTIONS',
            'also HASURA_GRAPHQL_GRACEFUL_SHUTDOWN_TIMEOUT',
            'also HASURA_GRAPHQL_ENABLED_LOG_TYPES',
            'also HASURA_GRAPHQL_SERVER_PORT',
          ],
          "upstream's defaults but for the connections of the metadata, said",
        ],
      ],
    },
    {
      name: 'pgadmin',
      preset: 'flask',
      ours: 'pgadmin',
      image: 'dpage/pgadmin4',
      port: 80,
      published: ['5050:80'],
      environment: {
        PGADMIN_DEFAULT_EMAIL: 'pgadmin@example.com',
        PGADMIN_DEFAULT_PASSWORD: 'admin',
      },
      differences: [
        [['image'], 'upstream names no version'],
        [
          ['port', 'also PGADMIN_LISTEN_PORT', 'also PGADMIN_LISTEN_ADDRESS'],
          'no port below 1024, where a process needs a right',
        ],
        [
          ['published', 'also SCRIPT_NAME'],
          'behind the gateway at /pgadmin/: a published port would be a second way in',
        ],
        [['PGADMIN_DEFAULT_EMAIL'], "a name of the platform's operators"],
        [
          ['no PGADMIN_DEFAULT_PASSWORD', 'also PGADMIN_DEFAULT_PASSWORD_FILE'],
          'generated, and in a file',
        ],
        [
          [
            'also PGADMIN_CUSTOM_CONFIG_DISTRO_FILE',
            'also PGADMIN_SERVER_JSON_FILE',
            'also PGPASS_FILE',
            'also PGSSLROOTCERT',
          ],
          "it begins with the platform's server, over TLS, as strata_auditor",
        ],
        [
          ['also PGADMIN_DISABLE_POSTFIX', 'also GUNICORN_THREADS'],
          'it would be started with sudo; fewer threads',
        ],
      ],
    },
  ],
  replaced: [
    {
      name: 'postgres',
      image: 'postgres:15',
      preset: 'nself',
      by: ['database'],
      why: 'Postgres 18 with TLS, row level security, backups',
    },
  ],
};

/** Hasura Auth, as nhost's developers start it: upstream keeps no other file of its current version. */
export const nhost: UpstreamFile = {
  title: 'nhost',
  source:
    'nhost/nhost services/auth/build/dev/docker/docker-compose.yaml @ 1ceb88b635eb6f3a7e463c200a5270df0496c094',
  read: '2026-11-22',
  services: [
    {
      name: 'auth',
      preset: 'nself',
      ours: 'hasura-auth',
      image: 'nhost/auth:0.44.0',
      port: 4000,
      command: ['serve'],
      health: ['CMD', 'wget', '--spider', '-S', 'http://localhost:4000/healthz'],
      published: ['4000:4000'],
      environment: {
        AUTH_ENABLE_CHANGE_ENV: 'true',
        AUTH_API_PREFIX: '',
        HASURA_GRAPHQL_DATABASE_URL: undefined,
        HASURA_GRAPHQL_JWT_SECRET: undefined,
        HASURA_GRAPHQL_ADMIN_SECRET: undefined,
        HASURA_GRAPHQL_GRAPHQL_URL: 'http://graphql:8080/v1/graphql',
        AUTH_ENCRYPTION_KEY: undefined,
        AUTH_PORT: '4000',
        AUTH_SERVER_URL: undefined,
        AUTH_USER_DEFAULT_ALLOWED_ROLES: 'me,user,editor',
        AUTH_SMTP_AUTH_METHOD: 'PLAIN',
        AUTH_SMTP_HOST: 'mailhog',
        AUTH_SMTP_PASS: undefined,
        AUTH_SMTP_PORT: '1025',
        AUTH_SMTP_SECURE: 'false',
        AUTH_SMTP_SENDER: undefined,
        AUTH_SMTP_USER: undefined,
        AUTH_LOG_LEVEL: 'debug',
        AUTH_CLIENT_URL: undefined,
        AUTH_LOG_FORMAT_TEXT: 'true',
        AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'false',
        AUTH_SMS_PASSWORDLESS_ENABLED: 'true',
        AUTH_SMS_PROVIDER: 'dev',
        AUTH_SMS_DEV_OUTPUT_DIR: '/sms-output',
      },
      differences: [
        [['image'], 'a newer release of the same line'],
        [
          ['command'],
          'the program has no such word (services/auth/main.go @ 19506d5d): it serves with and without it',
        ],
        [['health'], probe],
        [['published'], 'sessions alone speaks with it'],
        [
          [
            'no AUTH_ENABLE_CHANGE_ENV',
            'no AUTH_SMS_PASSWORDLESS_ENABLED',
            'no AUTH_SMS_PROVIDER',
            'no AUTH_SMS_DEV_OUTPUT_DIR',
            'no AUTH_LOG_LEVEL',
            'no AUTH_LOG_FORMAT_TEXT',
          ],
          "for upstream's developers alone",
        ],
        [['no AUTH_API_PREFIX'], "upstream's default"],
        [
          ['no HASURA_GRAPHQL_DATABASE_URL', 'also POSTGRES_CONNECTION'],
          'the newer name, and a database of its own',
        ],
        [['HASURA_GRAPHQL_GRAPHQL_URL'], 'Hasura is called `hasura`'],
        [
          ['AUTH_USER_DEFAULT_ALLOWED_ROLES', 'also AUTH_USER_DEFAULT_ROLE'],
          "the tenant's roles are the registry's",
        ],
        [
          ['no AUTH_SMTP_PASS', 'no AUTH_SMTP_USER'],
          'told where `strata:auth.smtp` names them; the mail catcher wants none',
        ],
        [['AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED'], 'a setting of `strata:auth`, and on'],
        [
          [
            'also AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS',
            'also AUTH_ACCESS_TOKEN_EXPIRES_IN',
            'also AUTH_REFRESH_TOKEN_EXPIRES_IN',
            'also AUTH_DISABLE_SIGNUP',
            'also AUTH_DISABLE_AUTO_SIGNUP',
            'also AUTH_PASSWORD_MIN_LENGTH',
            'also AUTH_EMAIL_PASSWORDLESS_ENABLED',
            'also AUTH_MFA_ENABLED',
            'also AUTH_MFA_TOTP_ISSUER',
          ],
          'settings of `strata:auth`',
        ],
        [
          [
            'also AUTH_ANONYMOUS_USERS_ENABLED',
            'also AUTH_CONCEAL_ERRORS',
            'also AUTH_GRAVATAR_ENABLED',
          ],
          "nobody without an address; errors tell no addresses; no picture of somebody else's server",
        ],
        [
          ['also AUTH_RATE_LIMIT_ENABLE'],
          'off, as by default: it would count everybody as sessions; the gateway counts',
        ],
      ],
    },
  ],
  replaced: [
    {
      name: 'mailhog',
      image: 'jcalonso/mailhog:v1.0.1',
      preset: 'nself',
      by: ['mailhog'],
      why: 'Mailpit, which is alive, under the name that the auth service logs in to without TLS',
    },
    {
      name: 'memcached',
      image: 'memcached:1.6',
      preset: 'nself',
      by: [],
      why: 'its limits are off',
    },
    {
      name: 'graphql',
      image: 'nhost/graphql-engine:v2.33.4-ce',
      preset: 'nself',
      by: ['hasura'],
      why: "compared with Hasura's own file",
    },
    {
      name: 'postgres',
      image: 'nhost/postgres:14.6-20231018-1',
      preset: 'nself',
      by: ['database'],
      why: 'plain Postgres, with the extensions that the services ask for',
    },
    {
      name: 'nginx',
      image: 'nginx:alpine',
      preset: 'nself',
      by: ['gateway'],
      why: 'one gateway for all presets',
    },
    {
      name: 'cimd-server',
      image: 'nginx:alpine',
      preset: 'nself',
      by: [],
      why: "for upstream's developers alone",
    },
  ],
};

/** What nself generates for its core services: programs and paths of health. */
export const nself: UpstreamFile = {
  title: 'nself',
  source:
    'acamarata/nself src/services/docker/compose-modules/core-services.sh @ 28a4c4e5ebe1d432c807c9ac8a39f483a6fc7d0f',
  read: '2026-11-22',
  services: [],
  replaced: [
    {
      name: 'postgres',
      image: 'postgres:16-alpine',
      preset: 'nself',
      by: ['database'],
      why: "logs in by password (SCRAM) and TLS: upstream's lets the network in without",
    },
    {
      name: 'hasura',
      image: 'hasura/graphql-engine:v2.36.0',
      preset: 'nself',
      by: ['hasura'],
      why: "compared with Hasura's own file; callers are known by their token, not by a web-hook",
    },
    {
      name: 'auth',
      image: 'nhost/hasura-auth:latest',
      preset: 'nself',
      by: ['hasura-auth', 'sessions'],
      why: "compared with nhost's own file; its image has another name now",
    },
    {
      name: 'minio',
      image: 'minio/minio:latest',
      preset: 'nself',
      by: ['object-store', 'storage'],
      why: 'Garage, with a key and a bucket for each tenant; nothing of it is public',
    },
    {
      name: 'redis',
      image: 'redis:7-alpine',
      preset: 'nself',
      by: ['redis'],
      why: "Valkey, with a user and keys of its own for each service; upstream's has no password",
    },
  ],
};
