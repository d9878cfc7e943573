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
