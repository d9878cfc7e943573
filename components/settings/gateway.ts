import { isIP } from 'node:net';
import { z } from 'zod';
import { contradict } from './contradictions';
import { secretName } from './secrets';
import * as values from './values';

/** The operators' own machine: the one that the gateway's container runs on. */
export const thisMachine = 'this-machine';

const networkAllowed =
  'an IP address or a network, such as 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32';

function listOf(allowed: string, member: (given: string) => boolean) {
  return z
    .array(z.string({ error: allowed }).refine(member, { error: allowed }), {
      error: 'a list of IP addresses and networks',
    })
    .max(200, { error: 'at most 200 addresses and networks' });
}

const networks = listOf(networkAllowed, isNetwork);
const operators = listOf(
  `${networkAllowed}, or ${thisMachine}`,
  (given) => given === thisMachine || isNetwork(given),
);

function isNetwork(given: string): boolean {
  const [address = '', prefix, ...more] = given.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  // nginx takes :: for two groups at least.
  if (address.includes('::') && address.split(':').filter(Boolean).length > 6) return false;
  // Everybody is not a network: it would be an allow-list that allows all, and a proxy that anyone can be.
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

const originAllowed =
  'an origin as browsers send it: scheme, lower-case host and port, without a path, such as https://app.example.org';
const origin = values.text(
  originAllowed,
  /^https?:\/\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9]\d{0,4})?$/,
  300,
);

// It stands between quotes in nginx.conf, where $ would begin a variable.
const policy = values.text(
  'a content security policy: printable ASCII without " $ and \\',
  /^[\x20\x21\x23\x25-\x5b\x5d-\x7e]+$/,
  4000,
);

const tls = z
  .strictObject({
    mode: z
      .enum(['local', 'own', 'acme'])
      .default('local')
      .describe(
        "local: signed by the platform's own authority. own: a certificate of yours. acme: Let's Encrypt or another.",
      ),
    certificate: secretName
      .optional()
      .describe('Mode own: names the secret that holds the certificate and its chain (PEM).'),
    key: secretName.optional().describe('Mode own: names the secret that holds its key (PEM).'),
    email: z
      .email({ error: 'a mail address such as ops@example.org' })
      .optional()
      .describe('Mode acme: where the authority writes to.'),
    directory: values
      .text(
        'the https address of an ACME directory',
        /^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?\/[\w./-]*$/,
        500,
      )
      .default('https://acme-v02.api.letsencrypt.org/directory')
      .describe(
        "Mode acme: the authority; Let's Encrypt's staging is https://acme-staging-v02.api.letsencrypt.org/directory.",
      ),
    names: z
      .array(values.domain, { error: 'a list of host names' })
      .max(90, { error: 'at most 90 host names' })
      .default([])
      .describe(
        'Mode acme: more names of the certificate, such as acme.example.org of a tenant. Each must lead here.',
      ),
  })
  .superRefine((given, context) => {
    for (const [name, mode] of [
      ['certificate', 'own'],
      ['key', 'own'],
      ['email', 'acme'],
    ] as const) {
      if (mode === given.mode && given[name] === undefined) {
        contradict(context, [name], {
          reason: `is missing, which mode ${mode} needs`,
          advice: `Set it, or choose another mode.`,
        });
      }
      if (mode !== given.mode && given[name] !== undefined) {
        contradict(context, [name], {
          reason: `is given, but only mode ${mode} uses it`,
          advice: `Take it out, or set mode to ${mode}.`,
        });
      }
    }
  });

const staticFolder = z.strictObject({
  folder: values.folder.describe('The folder, relative to the project.'),
  cacheSeconds: values
    .whole('a whole number of seconds from 0 to 31536000', 0, 31_536_000)
    .default(3600)
    .describe('How long browsers may keep a file without asking. HTML is always asked for.'),
});

const staticPath = values.text(
  'a path that begins and ends with /, of letters, digits and . _ ~ -, such as /app/',
  /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*$/,
  256,
);

const count = (allowed: string, most: number) => values.whole(allowed, 1, most);

/** `strata:gateway`. */
export const gateway = z
  .strictObject({
    tls: tls.prefault({}).describe('Whose certificate it shows. TLS 1.2 and 1.3 always.'),
    ports: z
      .strictObject({
        http: values.port.default(80).describe('Sends everybody to https.'),
        https: values.port.default(443),
        services: z
          .record(values.serviceName, values.port)
          .default({})
          .describe(
            'Service → a port at which its routes answer too, with the same TLS, logins and limits; gateway: all of them.',
          ),
      })
      .refine(({ http, https }) => http !== https, { error: 'two different ports' })
      .prefault({})
      .describe("The host's ports."),
    hstsSeconds: values
      .whole('a whole number of seconds from 0 to 63072000', 0, 63_072_000)
      .default(31_536_000)
      .describe('Browsers use https alone for so long. Never sent for localhost.'),
    contentSecurityPolicy: policy
      .default(
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
      )
      .describe('For answers of services that send none of their own.'),
    cors: z
      .strictObject({
        origins: z
          .array(origin, { error: 'a list of origins' })
          .max(100, { error: 'at most 100 origins' })
          .default([])
          .describe('Web pages of these origins may call the API.'),
        credentials: values
          .flag()
          .default(false)
          .describe('true: they may send cookies. Tokens in headers do not need it.'),
      })
      .prefault({})
      .describe('Calls from web pages of other origins.'),
    limits: z
      .strictObject({
        perSecond: count('a whole number from 1 to 100000', 100_000)
          .default(50)
          .describe('Requests a second of one address.'),
        burst: count('a whole number from 1 to 100000', 100_000)
          .default(100)
          .describe('So many more at once.'),
        strictPerMinute: count('a whole number from 1 to 100000', 100_000)
          .default(20)
          .describe('Requests a minute of one address where passwords and tokens are tried.'),
        strictBurst: count('a whole number from 1 to 100000', 100_000)
          .default(10)
          .describe('So many more of those at once.'),
        connections: count('a whole number from 1 to 100000', 100_000)
          .default(100)
          .describe('Requests of one address at the same time.'),
      })
      .prefault({})
      .describe('Limits of each address (an IPv6 network of 64 bits is one).'),
    operators: operators
      .default([])
      .describe(
        `Addresses from which operator routes answer, with the operator login; ${thisMachine} is the one that the gateway runs on. Nobody when empty.`,
      ),
    proxies: z
      .strictObject({
        cloudflare: values.flag().default(false).describe("Cloudflare's addresses."),
        addresses: networks.default([]).describe('Others, such as a load balancer of yours.'),
      })
      .prefault({})
      .describe('Whose word is taken for the address of a client (X-Forwarded-For).'),
    static: z
      .record(staticPath, staticFolder)
      .default({})
      .describe('Path → folder of the project whose files are served there.'),
  })
  .describe('The gateway: the only way in.');

export type GatewaySettings = z.output<typeof gateway>;
