import { z } from 'zod';
import { scopes } from '../services/scopes';
import { contradict, type Contradiction } from './contradictions';
import { hiddenName } from './hidden';
import * as values from './values';

/*
 * Who may ask for tokens by OAuth 2.0. Clients stand here and nowhere else: none registers itself. Their secrets stand in
 * `strata:secrets`; here they are only named.
 */

const clientId = values.text(
  'a lower-case ASCII letter, then up to 39 of a-z, 0-9 and -, not - at the end',
  /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  40,
);

/** A program on the device catches what comes to its own scheme, or to a port of the device. */
const device =
  /^(?:http:\/\/(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?\/|[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/)/;

const uriAllowed =
  'an https address in full such as https://app.example.org/back, without * or #; for programs on a device ' +
  'http://127.0.0.1/back, or a scheme of their own such as org.example.app:/back';
const redirectUri = z
  .string({ error: uriAllowed })
  .max(500, { error: uriAllowed })
  .refine(isRedirectUri, { error: uriAllowed });

function isRedirectUri(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^[\x21-\x7e]+$/.test(text) || /[*#\\"'<>;,]/.test(text)) return false;
  if (url.username !== '' || url.password !== '') return false;
  return text.startsWith('https://') || device.test(text);
}

const known = ['openid', ...scopes] as const;
const scopeAllowed = `one of ${known.join(', ')}`;
const scope = z.string({ error: scopeAllowed }).refine((text) => known.includes(text), {
  error: scopeAllowed,
});

const grant = z.enum(['authorization_code', 'client_credentials', 'refresh_token', 'password']);

const client = z
  .strictObject({
    name: values.displayName
      .optional()
      .describe('What people read where they let it in; its id when not given.'),
    secret: hiddenName
      .optional()
      .describe(
        'The member of strata:secrets that holds its secret: 32 characters or more. Without one the client is public ' +
          '(a program that people have) and proves itself by PKCE.',
      ),
    redirectUris: z
      .array(redirectUri, { error: `a list, each ${uriAllowed}` })
      .max(20, { error: 'at most 20 addresses' })
      .default([])
      .describe('Where people are led back to, exactly.'),
    grants: z
      .array(grant)
      .min(1, { error: 'at least one grant' })
      .describe('By what it gets tokens. password is for programs of yours alone.'),
    scopes: z
      .array(scope, { error: `a list, each ${scopeAllowed}` })
      .min(1, { error: 'at least one scope' })
      .describe('The most that its tokens open.'),
    firstParty: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe('true: it is yours, and people are not asked whether it may.'),
    tenant: values.tenantSlug
      .optional()
      .describe('The tenant that it acts for by client credentials.'),
    role: z
      .enum(['owner', 'admin', 'user'])
      .default('user')
      .describe('What it is there: owner and admin are an admin of the tenant, user is a member.'),
  })
  .superRefine((given, context) => {
    for (const [path, contradiction] of problemsOf(given))
      contradict(context, [path], contradiction);
  });

type Client = z.output<typeof client>;

function problemsOf(given: Client): [string, Contradiction][] {
  const has = (name: Client['grants'][number]): boolean => given.grants.includes(name);
  const found: [boolean, string, string, string][] = [
    [
      has('client_credentials') && given.secret === undefined,
      'secret',
      'is missing, but client_credentials is for clients that can keep a secret',
      'Name one, or take client_credentials out.',
    ],
    [
      has('client_credentials') && given.tenant === undefined,
      'tenant',
      'is missing, but client_credentials acts for one tenant',
      'Name the tenant, or take client_credentials out.',
    ],
    [
      given.tenant !== undefined && !has('client_credentials'),
      'tenant',
      'is given, but only client_credentials reads it',
      'Take it out: people choose their tenant themselves.',
    ],
    [
      has('authorization_code') && given.redirectUris.length === 0,
      'redirectUris',
      'names no address, but authorization_code leads people back',
      'Name the addresses, or take authorization_code out.',
    ],
    [
      given.redirectUris.length > 0 && !has('authorization_code'),
      'redirectUris',
      'is given, but only authorization_code reads it',
      'Take it out, or add authorization_code.',
    ],
    [
      has('refresh_token') && !has('authorization_code') && !has('password'),
      'grants',
      'has refresh_token, but nothing that gives one',
      'Take refresh_token out: client_credentials can be asked again.',
    ],
    [
      has('password') && !given.firstParty,
      'grants',
      "has password, which would show people's passwords to somebody else",
      'Use authorization_code, or set "firstParty" to true for a program of yours.',
    ],
  ];
  return found.flatMap(([wrong, path, reason, advice]) =>
    wrong ? [[path, { reason, advice }]] : [],
  );
}

/** `strata:oauth`: clients of the OAuth 2.0 server. */
export const oauth = z
  .strictObject({
    clients: z.record(clientId, client).default({}).describe('Client id → what it may.'),
  })
  .describe('The OAuth 2.0 server: programs that get tokens for tenants.');

export type OauthSettings = z.output<typeof oauth>;
