import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from '../shared/refusal';

const minute = 60;

/**
 * Wrong secrets and wrong passwords, counted in Redis for all replicas together. When Redis does not answer, nothing can
 * be tried.
 *
 * A client is counted apart for each address: a stranger locks nobody else out, and secrets of 32 characters are not
 * guessed. An account has a second, wider count over all addresses, because passwords are guessed from many.
 */
export class Failures {
  private readonly client: RateLimiterRedis;
  private readonly account: RateLimiterRedis;
  private readonly accountAnywhere: RateLimiterRedis;

  constructor(redis: Redis) {
    const limiter = (name: string, points: number, minutes: number) =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `oauth:failures-${name}`,
        points,
        duration: minutes * minute,
        rejectIfRedisNotReady: true,
      });
    this.client = limiter('client', 10, 10);
    this.account = limiter('account', 5, 15);
    this.accountAnywhere = limiter('account-anywhere', 30, 15);
  }

  /** Throws `Refusal` (429) when the client has sent too many wrong secrets from there. */
  async mayTryClient(id: string, address: string): Promise<void> {
    const found = await this.client.get(hashed(id, address)).catch(throwUnavailable);
    if (found && found.consumedPoints >= this.client.points) throw tooMany(found);
  }

  async clientFailed(id: string, address: string): Promise<void> {
    await this.client.consume(hashed(id, address)).catch((error: unknown) => {
      // The answer to this one stands already; the next one is refused.
      if (!(error instanceof RateLimiterRes)) throwUnavailable();
    });
  }

  /** Counts before the password is looked at, so that many at the same time are counted too. Throws `Refusal` (429). */
  async tryAccount(email: string, address: string): Promise<void> {
    const name = email.trim().toLowerCase();
    await take(this.account, hashed(name, address));
    await take(this.accountAnywhere, hashed(name));
  }

  /** The password was right: what was mistyped before is forgiven. */
  async accountPassed(email: string, address: string): Promise<void> {
    const name = email.trim().toLowerCase();
    await this.account.delete(hashed(name, address)).catch(throwUnavailable);
    await this.accountAnywhere.reward(hashed(name)).catch(throwUnavailable);
  }
}

async function take(limiter: RateLimiterRedis, key: string): Promise<void> {
  await limiter.consume(key).catch((error: unknown) => {
    if (error instanceof RateLimiterRes) throw tooMany(error);
    throwUnavailable();
  });
}

/** E-mail addresses are not written into keys. */
function hashed(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function tooMany({ msBeforeNext }: RateLimiterRes): Refusal {
  const seconds = String(Math.max(1, Math.ceil(msBeforeNext / 1000)));
  return new Refusal(429, 'too_many_failures', `too many were wrong: wait ${seconds} s`, {
    'retry-after': seconds,
  });
}

function throwUnavailable(): never {
  throw new Refusal(503, 'limits_unavailable', 'nothing can be tried now: try again later');
}
