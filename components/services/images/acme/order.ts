import { Client, crypto } from 'acme-client';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Token of a challenge → what the authority must find there. */
export type Challenges = Map<string, string>;

interface Order {
  readonly directory: string;
  readonly accountKey: string;
  readonly email: string;
  readonly names: readonly string[];
  /** The key to certify (PEM); a new one when not given. */
  readonly key: string | undefined;
  /** Where the gateway answers inside the network, such as `http://gateway:8080`. */
  readonly gateway: string;
  readonly challenges: Challenges;
  readonly signal: AbortSignal;
}

/**
 * Orders one certificate for all names, proved by HTTP-01. Throws when the authority refuses, or when
 * the gateway does not pass its question on within a minute: an order that cannot succeed counts against the
 * authority's limits, so it is not asked to look before somebody could find something.
 */
export async function order(wanted: Order): Promise<{ certificate: string; key: string }> {
  const { directory, accountKey, email, names, gateway, challenges, signal } = wanted;
  const client = new Client({ directoryUrl: directory, accountKey });
  const [key, csr] = await crypto.createCsr(
    { commonName: names[0], altNames: [...names] },
    wanted.key ?? (await crypto.createPrivateEcdsaKey('P-256')),
  );
  const certificate = await client.auto({
    csr,
    email,
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    // Ours asks the gateway by its own address: not every host reaches itself by its public one.
    skipChallengeVerification: true,
    challengeCreateFn: async ({ identifier }, challenge, answer) => {
      if (challenge.type !== 'http-01')
        throw new Error('the authority offers no challenge HTTP-01');
      challenges.set(challenge.token, answer);
      await passedOn(gateway, identifier.value, challenge.token, answer, signal);
    },
    challengeRemoveFn: (_, { token }) => Promise.resolve(challenges.delete(token)),
  });
  return { certificate, key: key.toString() };
}

/** Waits until the gateway answers the authority's question. */
async function passedOn(
  gateway: string,
  host: string,
  token: string,
  answer: string,
  signal: AbortSignal,
): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
  while (!patience.aborted) {
    if ((await ask(`${gateway}/.well-known/acme-challenge/${token}`, host)) === answer) return;
    await sleep(500, undefined, { signal: patience }).catch(() => undefined);
  }
  throw new Error(`the gateway does not pass challenges on for ${host}`);
}

/** Node's fetch does not let a caller choose the host. */
function ask(url: string, host: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { headers: { host }, timeout: 5000, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(''));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(''));
  });
}
