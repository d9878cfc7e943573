import { z } from 'zod';
import { contradict } from './contradictions';
import { hiddenName, unseen } from './hidden';

/*
 * Who and what alerts can reach. Secrets (passwords, bot tokens, addresses that are secrets themselves) stand in
 * `strata:secrets`; here they are only named.
 */

const receiverNameAllowed = 'a lower-case ASCII letter, then up to 39 of a-z, 0-9 and -';
export const receiverName = z
  .string({ error: receiverNameAllowed })
  .regex(/^[a-z][a-z0-9-]{0,39}$/, { error: receiverNameAllowed })
  // Alertmanager's receiver for what nobody is told.
  .refine((name) => name !== 'nobody', { error: 'another name: "nobody" is where alerts end' });

const addressAllowed = 'a mail address such as ops@example.org';
export const address = z
  .string({ error: addressAllowed })
  // Without commas, quotes, < and >: each of them would make two addresses or another header of it.
  .regex(/^[\w.+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, {
    error: addressAllowed,
  });

const loginAllowed = 'a login without spaces, quotes and braces';
export const login = z
  .string({ error: loginAllowed })
  .regex(/^[\w.@+=/-]{1,200}$/, { error: loginAllowed });

const chatAllowed = 'the number of a Telegram chat, negative for a group, such as -1001234567890';
export const chat = z
  .int({ error: chatAllowed })
  .refine((id) => id !== 0, { error: chatAllowed })
  .describe('The chat, by its number.');

const channelAllowed = 'a Slack channel such as "#alerts"';
const channel = z
  .string({ error: channelAllowed })
  .regex(/^[#@]?[a-z0-9][a-z0-9._-]{0,79}$/, { error: channelAllowed });

const urlAllowed =
  'an http or https address without a name or password in it, such as https://example.org/alerts';
export const url = unseen(urlAllowed, isPlainUrl);

/** Braces would be filled in by Alertmanager, or by what puts secrets into its file. */
function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7a|~]{1,2000}$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '';
}

export const receiver = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('mail'),
        to: z
          .array(address, { error: 'a list of mail addresses' })
          .min(1, { error: 'at least one mail address' })
          .max(50, { error: 'at most 50 mail addresses' }),
      }),
      z.strictObject({
        kind: z.literal('slack'),
        url: hiddenName.describe('Names the secret that holds the address of the web-hook.'),
        channel: channel.describe('Such as "#alerts".'),
      }),
      z.strictObject({
        kind: z.literal('telegram'),
        token: hiddenName.describe('Names the secret that holds the token of the bot.'),
        chat,
      }),
      z.strictObject({
        kind: z.literal('webhook'),
        url: url.optional().describe('Where alerts are posted to.'),
        urlSecret: hiddenName
          .optional()
          .describe('Instead of url: names the secret that holds the address.'),
        token: hiddenName.optional().describe('Names the secret that is sent as a bearer token.'),
      }),
    ],
    { error: 'mail, slack, telegram or webhook' },
  )
  .superRefine((value, context) => {
    if (value.kind !== 'webhook') return;
    if ((value.url === undefined) === (value.urlSecret === undefined)) {
      contradict(context, [], {
        reason: 'needs either "url" or "urlSecret"',
        advice: 'Give the address as "url", or name the secret that holds it as "urlSecret".',
      });
    }
  })
  .describe('Somebody or something that alerts reach: mail, slack, telegram or webhook.');
