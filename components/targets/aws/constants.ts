/** Where the gateway listens on its server. */
export const gatewayPorts = { http: 80, https: 443 } as const;

/** The port of the data server's loopback address that leads to Postgres, for whoever comes through Systems Manager. */
export const databasePort = 25432;

/** Where RDS listens. */
export const managedDatabasePort = 5432;

/** Where ElastiCache listens. */
export const cachePort = 6379;

/** How long logs of AWS's own are kept. */
export const logDays = 30;

/** Canonical's newest Ubuntu 24.04 for x86-64: what servers are started from. */
export const imageParameter =
  '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id';

/** How long what was deleted or written over in a bucket of data can be had back. */
export const keptVersionsDays = 30;

/** The host that shows public files, and nothing else; services of files say so of their route. */
export const cdnSubdomain = 'cdn';
