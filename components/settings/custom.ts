import { z } from 'zod';
import { consistent } from './contradictions';
import { imageReference } from './images';
import { resources } from './resources';
import { secretName } from './secrets';
import * as values from './values';

function flag() {
  return values.flag().default(false);
}

// Anything else could mean something in the gateway's configuration, or leave the path by "..".
const segment = '[A-Za-z0-9_~-][A-Za-z0-9._~-]*';
const gatewayPath = values.text(
  'a path of letters, digits and . _ ~ - such as /shop (that path alone) or /shop/ (everything below)',
  new RegExp(`^/(?:${segment}/)*(?:${segment})?$`),
  256,
);

const subdomain = values.text(
  'one lower-case label of a host name, such as shop',
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  63,
);

/** Below the project: a path that leaves it would send other files into an image. */
function inside(allowed: string) {
  return values.text(allowed, /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[\w./ @+-]+$/, 1024);
}

const variableName = values.text(
  'the name of a variable: capital letters, digits and _, without a digit in front',
  /^[A-Z_][A-Z0-9_]{0,127}$/,
  128,
);

const seconds = z
  .int({ error: 'a whole number of seconds from 1 to 3600, without quotes' })
  .min(1, { error: 'at least 1 second' })
  .max(3600, { error: 'at most 3600 seconds' });

const access = ['public', 'token', 'operator'] as const;

const route = z
  .strictObject({
    path: gatewayPath
      .optional()
      .describe('Where at the gateway; / when only a subdomain is given.'),
    subdomain: subdomain
      .optional()
      .describe('Served at <subdomain>.<domain>; at the domain itself when not given.'),
    access: z
      .enum(access)
      .default('token')
      .describe('Who gets through: anybody, holders of a token or API key, operators.'),
    upstreamPath: gatewayPath
      .optional()
      .describe('What the service sees in the place of the path; the same when not given.'),
    websocket: flag().describe('true: connections may be upgraded.'),
    maxBody: values
      .text('a size in K or M, such as 512K or 20M', /^[1-9][0-9]{0,5}[KM]$/, 7)
      .optional()
      .describe('Largest body of a request; 1M when not given.'),
    cacheSeconds: seconds
      .optional()
      .describe(
        'Answers to GET below 100,000 bytes that say their length are kept this long, apart for each tenant and user.',
      ),
    timeoutSeconds: seconds.optional().describe('How long an answer may take; 30 when not given.'),
  })
  .describe('Where the gateway passes requests on; without one only other services reach it.');

const build = z
  .strictObject({
    context: inside('a folder inside the project, such as ./app/services/shop').describe(
      'The folder that the image is built from.',
    ),
    dockerfile: inside('a file inside that folder, such as Dockerfile')
      .optional()
      .describe('Relative to the context; Dockerfile when not given.'),
  })
  .describe('Builds the image, in the place of naming one.');

/** One of `strata:customServices`. */
export const customService = z
  .strictObject({
    image: imageReference.optional().describe('The container image, with its tag or digest.'),
    build: build.optional(),
    command: values.command
      .optional()
      .describe("The program and its arguments; the image's own when not given."),
    workdir: values.folder
      .optional()
      .describe('Where the command runs without containers, relative to the project.'),
    port: values.port
      .optional()
      .describe('The port that it listens on; it is told by the variable PORT.'),
    publish: values.port
      .optional()
      .describe('A port of the host that leads to it, past the gateway and its checks.'),
    route: route.optional(),
    env: values.environment
      .default({})
      .describe('Environment variables. Not for secrets: they stand in the state.'),
    secrets: z
      .record(variableName, secretName)
      .default({})
      .describe('Variable → member of strata:secrets; <variable>_FILE names the file that has it.'),
    database: flag().describe(
      'true: DATABASE_URL_FILE names a file with a URL of the role strata_app, through the pooler.',
    ),
    redis: flag().describe('true: REDIS_URL_FILE names a file with a URL of the cache.'),
    verifiesTokens: flag().describe(
      'true: JWT_KEY_FILE names a file with the key of access tokens. It signs them as well.',
    ),
    health: values.urlPath
      .optional()
      .describe('A path that answers 2xx when it works; without one an open port is enough.'),
    healthCommand: values.command
      .optional()
      .describe('Run in the container; exit code 0 means that it works.'),
    replicas: values.replicas.default(1).describe('How many of it run.'),
    resources: resources.optional(),
    needs: z
      .array(values.serviceName, { error: 'a list of names of services' })
      .max(50, { error: 'at most 50 names' })
      .default([])
      .describe('Services that must be healthy first.'),
    user: values
      .text(
        'numbers of a user and a group other than root, such as 1000:1000',
        /^[1-9][0-9]{0,9}:[1-9][0-9]{0,9}$/,
        21,
      )
      .optional()
      .describe('Who it runs as in the container; 1000:1000 when not given.'),
    writableRoot: flag().describe('true: it may write to all of its file system, not only /tmp.'),
    job: flag().describe(
      'true: it runs to its end at each deployment that changes it, and has no port.',
    ),
  })
  .superRefine(consistent)
  .describe('A service of your own: any image, build context or program.');

export type CustomService = z.output<typeof customService>;
export type CustomServiceInput = z.input<typeof customService>;
export type CustomRoute = z.output<typeof route>;
