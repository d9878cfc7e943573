import { z } from 'zod';
import { contradict } from './contradictions';
import { hiddenName } from './hidden';
import * as values from './values';

/*
 * Signing in. Secrets stand in `strata:secrets`; here they are only named.
 */

/** What both auth services know, by the names of nhost's. */
const providerNames = [
  'azuread',
  'bitbucket',
  'discord',
  'facebook',
  'github',
  'gitlab',
  'google',
  'linkedin',
  'spotify',
  'twitch',
] as const;

export type ProviderName = (typeof providerNames)[number];

const redirectAllowed =
  'an address that people may be sent to after signing in, such as https://app.example.org or http://localhost:3000';
// A comma would be two addresses, a star everybody's, and spaces and quotes something else in a file of variables.
const redirectUrl = values
  .text(redirectAllowed, /^https?:\/\/[a-z0-9.-]+(?::[1-9]\d{0,4})?(?:\/[\w./~-]*)?$/, 500)
  .refine((url) => url.startsWith('https:') || /^http:\/\/localhost(?:[:/]|$)/.test(url), {
    error: redirectAllowed,
  });

const provider = z.strictObject({
  clientId: values
    .text('the id that the provider gave', /^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/, 300)
    .describe('As the provider calls this platform.'),
  secret: hiddenName.describe('Names the member of strata:secrets that holds the secret.'),
});

const sender = values.text(
  'a mail address such as no-reply@example.org',
  /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
  320,
);

const smtp = z
  .strictObject({
    host: values.domain.describe('The mail server.'),
    port: values.port.default(587),
    user: values
      .text('a login at the mail server', /^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/, 320)
      .optional()
      .describe('The login at the mail server.'),
    password: hiddenName.optional().describe('Names the secret that holds the password.'),
    sender: sender.describe('Who the mail is from.'),
  })
  .superRefine(({ user, password }, context) => {
    if ((user === undefined) === (password === undefined)) return;
    contradict(context, [], {
      reason: 'has only one of "user" and "password"',
      advice: 'Give both, or neither.',
    });
  });

/** `strata:auth`: who may sign up, and how people sign in. */
export const auth = z
  .strictObject({
    signUp: z
      .enum(['open', 'closed'])
      .default('open')
      .describe('open: anybody may make an account. closed: nobody; accounts are there already.'),
    refreshToken: z
      .enum(['cookie', 'body'])
      .default('cookie')
      .describe('Where browsers keep it. cookie: where no script reads it. body: the page does.'),
    accessTokenSeconds: values
      .whole('a whole number of seconds from 60 to 3600', 60, 3600)
      .default(900)
      .describe('How long an access token counts at most.'),
    refreshTokenDays: values
      .whole('a whole number of days from 1 to 365', 1, 365)
      .default(30)
      .describe('How long a session goes on that nobody uses.'),
    redirectUrls: z
      .array(redirectUrl, { error: `a list, each ${redirectAllowed}` })
      .max(50, { error: 'at most 50 addresses' })
      .default([])
      .describe('Where people may be sent to by links in mail and by providers.'),
    passwordMinLength: values
      .whole('a whole number from 8 to 50', 8, 50)
      .default(10)
      .describe('The shortest password that is taken.'),
    requireVerifiedEmail: values
      .flag()
      .default(true)
      .describe(
        'Whether an address must be shown to be its owner’s before anybody signs in by it.',
      ),
    mfa: values
      .flag()
      .default(false)
      .describe('Whether people may ask for a second factor (TOTP).'),
    providers: z
      .partialRecord(z.enum(providerNames), provider, {
        error: `providers by name: ${providerNames.join(', ')}`,
      })
      .default({})
      .describe('Who else may say who somebody is.'),
    smtp: smtp.optional().describe('The server that mail to people is sent by.'),
  })
  .describe('Signing in: who may, how, and for how long.');

export type AuthSettings = z.output<typeof auth>;
