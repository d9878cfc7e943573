import { z } from 'zod';
import { contradict } from './contradictions';
import { hiddenName, unseen } from './hidden';
import { chat } from './receivers';

/* Who is told how a deployment ended, and what may ask for one. */

const hookEvents = ['deployed', 'failed', 'destroyed'] as const;

const eventAllowed = 'deployed, failed or destroyed';
const events = z
  .array(z.enum(hookEvents, { error: eventAllowed }), { error: 'a list of events' })
  .min(1, { error: `at least one of ${eventAllowed}` })
  .refine((list) => new Set(list).size === list.length, { error: 'each event once' })
  .default([...hookEvents])
  .describe('Which ends are told.');

const urlAllowed =
  'an https address without a name or password in it, such as https://example.org/hooks; http for localhost alone';

/** What is told crosses networks: the signature hides nothing. The private ones are open to it, as the operator wrote it. */
const url = unseen(urlAllowed, (text) => {
  if (!/^https?:\/\/[\x21-\x7e]{1,2000}$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || local) && username === '' && password === '' && hash === '';
});

const hook = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('webhook'),
        url: url.describe('Where it is posted to.'),
        secret: hiddenName.describe('Names the secret that signs it: whsec_ and 24 to 64 bytes.'),
        events,
      }),
      z.strictObject({
        kind: z.literal('telegram'),
        token: hiddenName.describe('Names the secret that holds the token of the bot.'),
        chat,
        events,
      }),
    ],
    { error: 'webhook or telegram' },
  )
  .describe('Something that is told: webhook (signed JSON) or telegram (a message to a chat).');

/** `strata:hooks`. */
export const hooks = z
  .strictObject({
    out: z
      .array(hook, { error: 'a list of hooks' })
      .max(20, { error: 'at most 20 hooks' })
      .default([])
      .describe('Who is told when npm run up or npm run destroy ends.'),
    in: z
      .strictObject({
        secret: hiddenName.describe('Names the secret that calls must be signed with.'),
      })
      .optional()
      .describe('Calls that start a deployment: npm run deploy-hook -- serve'),
  })
  .superRefine(({ out, in: incoming }, context) => {
    out.forEach((hook, index) => {
      if (hook.kind !== 'webhook' || hook.secret !== incoming?.secret) return;
      contradict(context, ['out', index, 'secret'], {
        reason: 'is the secret that calls from outside are signed with',
        advice: 'Give it one of its own: who is told could start deployments with this one.',
      });
    });
  })
  .describe('Web-hooks of deployments, out and in.');

export type HooksSettings = z.output<typeof hooks>;
export type Hook = HooksSettings['out'][number];
export type HookEvent = (typeof hookEvents)[number];
