import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hook } from '../../components/settings/hooks';
import { chatText, type Message } from './message';
import { keyAdvice, sign, signingKey } from './signature';

/** What sending needs from outside; tests give their own. */
export interface Sending {
  /** The value of a member of `strata:secrets`; undefined when there is none. */
  readonly secret: (name: string) => string | undefined;
  /** Where Telegram's bots are. */
  readonly telegram?: string;
  /** Before the second and the third try, in milliseconds. */
  readonly pausesMs?: readonly number[];
  readonly timeoutMs?: number;
}

/** A try that another one cannot mend. */
class Final extends Error {}

/**
 * Tells one hook. Three tries, with the same id, so that the other side can tell a repetition; 10 seconds each; a
 * redirect counts as a failure. Throws an error without the secret, and without the address where that holds one.
 *
 * Telegram: `POST /bot<token>/sendMessage` with `chat_id` and `text`; it answers 429 with `parameters.retry_after`
 * (core.telegram.org/bots/api#sendmessage, #responseparameters, 2026-11-22).
 */
export async function tell(hook: Hook, message: Message, sending: Sending): Promise<void> {
  const request = requestOf(hook, message, sending);
  const pauses = sending.pausesMs ?? [1000, 5000];
  for (let attempt = 0; ; attempt += 1) {
    try {
      await post(request(), sending.timeoutMs ?? 10_000);
      return;
    } catch (error) {
      const pause = pauses[attempt];
      if (pause === undefined || error instanceof Final) throw error;
      await sleep(pause);
    }
  }
}

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes the request anew for each try: its timestamp is that of the try. */
function requestOf(hook: Hook, message: Message, sending: Sending): () => Post {
  const json = { 'content-type': 'application/json', 'user-agent': 'Strata' };
  if (hook.kind === 'telegram') {
    const token = secretOf(hook.token, sending);
    if (!/^\d+:[\w-]+$/.test(token)) throw new Error('the secret is no token of a Telegram bot');
    const url = `${sending.telegram ?? 'https://api.telegram.org'}/bot${token}/sendMessage`;
    const body = JSON.stringify({ chat_id: hook.chat, text: chatText(message) });
    return () => ({ url, headers: json, body });
  }
  const key = signingKey(secretOf(hook.secret, sending));
  if (key === undefined) throw new Error(`the secret cannot sign: ${keyAdvice}`);
  const id = `msg_${randomUUID()}`;
  const body = JSON.stringify(message);
  return () => ({
    url: hook.url,
    headers: { ...json, ...sign(key, id, body, Date.now()) },
    body,
  });
}

function secretOf(name: string, { secret }: Sending): string {
  const value = secret(name);
  if (value === undefined) throw new Error('the secret that it names is not set');
  return value.trim();
}

async function post({ url, headers, body }: Post, timeoutMs: number): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(whyNoAnswer);
  if (typeof answer === 'string') throw new Error(answer);
  await answer.body?.cancel();
  if (answer.ok) return;
  const said = `it answered with status ${answer.status}`;
  // A request that is wrong stays wrong, and a receiver that is gone wants no more.
  const again = answer.status >= 500 || answer.status === 408 || answer.status === 429;
  throw again ? new Error(said) : new Final(said);
}

/** What fetch throws may name the address, and a bot's has the token in it. */
function whyNoAnswer(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it did not answer in time';
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `it cannot be reached (${code})` : 'it cannot be reached';
}
