import { z } from 'zod';
import * as values from './values';

const hostAllowed =
  'ssh://user@host, with :port where it is not 22, or unix:///path/of/docker.sock; an engine that listens on TCP ' +
  'without keys of its own gives root to everybody who reaches it';

/** `strata:docker`: which engine, and how its database is reached. */
export const docker = z
  .strictObject({
    host: z
      .string({ error: hostAllowed })
      .max(512, { error: hostAllowed })
      .regex(
        /^(?:ssh:\/\/[a-z_][a-z0-9_.-]{0,31}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?|unix:\/\/\/[\w./-]+)$/,
        { error: hostAllowed },
      )
      .optional()
      .describe("The Docker engine; this machine's own (or DOCKER_HOST) when not given."),
    databasePort: values.port
      .default(25432)
      .describe(
        "The port of the engine's loopback address that leads to Postgres: migrations come in here.",
      ),
    hasuraPort: values.port
      .default(25433)
      .describe(
        "The port of the engine's loopback address that leads to Hasura, where it runs: its metadata comes in here.",
      ),
  })
  .describe('The Docker engine that target docker runs on.');
