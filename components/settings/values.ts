import { z } from 'zod';
import { isTenantId } from '../tenancy/places';
import { reservedServiceNames, reservedSlugs } from './names';

/*
 * The values that the settings are made of. Each carries, as its error, what is allowed there: it is shown behind the
 * word "allowed". A value that is not plain ASCII where names are compared would let look-alikes in.
 */

// eslint-disable-next-line no-control-regex -- control characters are what it is about
const printable = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u;

/** Text of at most `max` characters that matches `pattern`. */
export function text(allowed: string, pattern: RegExp, max: number) {
  return z
    .string({ error: allowed })
    .max(max, { error: allowed })
    .regex(pattern, { error: allowed });
}

/** A whole number; YAML's quotes would make text of it. */
export function whole(allowed: string, from: number, to: number) {
  return z.int({ error: allowed }).min(from, { error: allowed }).max(to, { error: allowed });
}

export function flag() {
  return z.boolean({ error: 'true or false' });
}

export const port = whole('a port: a whole number from 1 to 65535, without quotes', 1, 65535);

export const replicas = whole('a whole number from 1 to 100, without quotes', 1, 100);

export const cpus = z
  .number({ error: 'a number of processors above 0, such as 0.5 or 2' })
  .positive({ error: 'a number of processors above 0, such as 0.5 or 2' })
  .max(1024, { error: 'at most 1024 processors' });

export const memory = text('a size in M or G, such as 512M or 2G', /^[1-9][0-9]{0,5}[MG]$/, 8);

/** A name that becomes part of host names, paths and resource names. */
const slug = text(
  'a lower-case ASCII letter, then up to 39 of a-z, 0-9 and -, not - at the end',
  /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  40,
);

/** A tenant's: it becomes a host name and a path, where some words mean something else. */
export const tenantSlug = slug
  .refine((name) => !reservedSlugs.includes(name), {
    error: `a name that is not reserved (${reservedSlugs.join(', ')} are)`,
  })
  .refine((name) => !isTenantId(name), {
    error: 'a name that does not look like the id of a tenant, a uuid',
  });

export const customServiceName = slug.refine((name) => !reservedServiceNames.includes(name), {
  error: `a name that no part of Strata has (${reservedServiceNames.join(', ')} are taken)`,
});

/** Any service's: Strata's own, or one of the user's. */
export const serviceName = text(
  'the name of a service: a lower-case letter, then up to 39 of a-z, 0-9 and -',
  /^[a-z][a-z0-9-]{0,39}$/,
  40,
);

export const userName = text(
  'a lower-case ASCII letter or a digit, then up to 62 of a-z, 0-9 and . _ @ + -',
  /^[a-z0-9][a-z0-9._@+-]{0,62}$/,
  63,
);

export const displayName = text(
  'a name of 1 to 100 printable characters',
  new RegExp(`(?=.*\\S)${printable.source}`, 'u'),
  100,
);

export const domain = text(
  'a lower-case host name without a scheme, port or path, such as localhost or example.org',
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
  253,
);

export const folder = text(
  'the path of a folder, relative to the project, such as ./app',
  new RegExp(`(?=.*\\S)${printable.source}`, 'u'),
  1024,
);

export const image = text(
  'a container image such as nginx:1.30.4, by tag or by digest',
  /^[a-z0-9][a-z0-9._/:-]{0,254}(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
  512,
);

export const urlPath = text('a path that begins with /, such as /healthz', /^\/[\x21-\x7e]*$/, 512);

const wordsAllowed = 'a list of words with the program first, such as [node, server.js]';

export const command = z
  .array(
    z
      .string({ error: 'a word of the command: text (put quotes around a number)' })
      .max(8192, { error: 'a word of at most 8192 characters' })
      .refine((word) => !word.includes('\0'), { error: 'a word without NUL characters' }),
    { error: wordsAllowed },
  )
  .min(1, { error: wordsAllowed })
  .max(200, { error: 'at most 200 words' })
  .refine((words) => words[0] !== '', { error: wordsAllowed });

const variableName = text(
  'the name of an environment variable: letters, digits and _, without a digit in front',
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  128,
);

const variableValue = z
  .string({ error: 'text (put quotes around numbers and around true and false)' })
  .max(32_768, { error: 'text of at most 32768 characters' })
  .refine((value) => !value.includes('\0'), { error: 'text without NUL characters' });

export const environment = z.record(variableName, variableValue);
