/** Where the gateway listens on its server. */
export const gatewayPorts = { http: 80, https: 443 } as const;

/** The port of the data server's loopback address that leads to Postgres, for whoever comes through Systems Manager. */
export const databasePort = 25432;

/** How long logs of AWS's own are kept. */
export const logDays = 30;
