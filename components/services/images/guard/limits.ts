import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { GuardConfig, Rate } from './config';
import { Refusal, type Reason } from './refusal';

/** Who is counted. */
export interface Counted {
  /** A user of a tenant, or an API key. */
  readonly caller: string;
  /** UUID. */
  readonly tenantId: string;
  readonly slug: string;
  /** Of the whole tenant in one minute, as the registry has it; undefined: as the config says. */
  readonly requestsPerMinute: number | undefined;
}

/** What somebody may fail with. Counted apart: a bad token guesses no key. */
type Credential = 'token' | 'key';

/** What a caller learns of its limits: `RateLimit-Limit`, `-Remaining`, `-Reset` (seconds). */
export type RateHeaders = Readonly<Record<string, string>>;

interface Limits {
  readonly user: readonly RateLimiterRedis[];
  readonly tenant: readonly RateLimiterRedis[];
  readonly cost: RateLimiterRedis;
}

const minute = 60;

/**
 * Counts in Redis, so that all replicas count together; each count is one atomic script there. When Redis does not
 * answer, nothing is let through: there is no limiter that stands in.
 */
export class RateLimits {
  private readonly usual: Limits;
  private readonly special: ReadonlyMap<string, Limits>;
  private readonly failures: Readonly<Record<Credential, RateLimiterRedis>>;
  /** Limits of tenants by the registry: by how many, because tenants with the same one share it. */
  private readonly registered = new Map<number, RateLimiterRedis>();

  constructor(
    private readonly redis: Redis,
    config: GuardConfig['limits'],
  ) {
    this.usual = this.limitsFor(config);
    this.special = new Map(
      Object.entries(config.tenants).map(([slug, own]) => [
        slug,
        this.limitsFor({
          user: own.user ?? config.user,
          tenant: own.tenant ?? config.tenant,
          costPerMinute: own.costPerMinute ?? config.costPerMinute,
        }),
      ]),
    );
    this.failures = {
      token: this.limiter('failure', config.failuresPerMinute, minute),
      key: this.limiter('failure-key', config.failuresPerMinute, minute),
    };
  }

  /**
   * Counts a request. The caller comes before its tenant, so that one that is over its limit uses up nothing of the
   * others'. Throws `Refusal` (429) with `Retry-After`, or 503 when there is no counting.
   */
  async take({ caller, tenantId, slug, requestsPerMinute }: Counted): Promise<RateHeaders> {
    const limits = this.special.get(slug) ?? this.usual;
    const ofTenant = this.asRegistered(limits.tenant, requestsPerMinute);
    const user = await consume(limits.user, `${tenantId}:${caller}`, 1, 'rate_limited', 'your');
    const tenant = await consume(ofTenant, tenantId, 1, 'rate_limited', "your tenant's");
    return user.remaining <= tenant.remaining ? user.headers : tenant.headers;
  }

  /** Counts what a query costs against its tenant. Throws as `take`. */
  async spend({ tenantId, slug }: Counted, cost: number): Promise<void> {
    const { cost: limiter } = this.special.get(slug) ?? this.usual;
    await consume([limiter], tenantId, cost, 'cost_limited', "your tenant's");
  }

  /** Counts a token or key that was none. Throws `Refusal` (429) when the address has sent too many. */
  async failed(what: Credential, address: string): Promise<void> {
    await consume([this.failures[what]], address, 1, 'too_many_failures', "your address's");
  }

  /** Throws `Refusal` (429) when the address has sent too many that were none; counts nothing. */
  async mayTry(what: Credential, address: string): Promise<void> {
    const { [what]: failures } = this.failures;
    const found = await closed(failures.get(address));
    if (found && found.consumedPoints > failures.points) {
      throw refused(failures.points, found, 'too_many_failures', "your address's");
    }
  }

  /** What the registry says comes before the config; how many may come within a second stays the config's. */
  private asRegistered(
    configured: readonly RateLimiterRedis[],
    perMinute: number | undefined,
  ): readonly RateLimiterRedis[] {
    if (perMinute === undefined) return configured;
    const limiter = this.registered.get(perMinute) ?? this.limiter('tenant', perMinute, minute);
    this.registered.set(perMinute, limiter);
    return [limiter, ...configured.slice(1)];
  }

  private limitsFor(rates: { user: Rate; tenant: Rate; costPerMinute: number }): Limits {
    const both = (name: string, { perMinute, burst }: Rate): RateLimiterRedis[] => [
      this.limiter(name, perMinute, minute),
      this.limiter(`${name}-burst`, burst, 1),
    ];
    return {
      user: both('user', rates.user),
      tenant: both('tenant', rates.tenant),
      cost: this.limiter('cost', rates.costPerMinute, minute),
    };
  }

  private limiter(name: string, points: number, seconds: number): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `guard:${name}`,
      points,
      duration: seconds,
      rejectIfRedisNotReady: true,
      // Whoever is over the limit is known here until the window ends, and costs Redis nothing.
      inMemoryBlockOnConsumed: points + 1,
    });
  }
}

/** The first limiter is the minute's: its state is what callers see. */
async function consume(
  limiters: readonly RateLimiterRedis[],
  key: string,
  points: number,
  reason: Reason,
  whose: string,
): Promise<{ remaining: number; headers: RateHeaders }> {
  const taken = await Promise.allSettled(limiters.map((limiter) => limiter.consume(key, points)));
  let longest: { state: RateLimiterRes; limit: number } | undefined;
  for (const [index, result] of taken.entries()) {
    if (result.status === 'fulfilled') continue;
    const state: unknown = result.reason;
    if (!(state instanceof RateLimiterRes)) throw unavailable();
    if (!longest || state.msBeforeNext > longest.state.msBeforeNext) {
      longest = { state, limit: limiters[index]?.points ?? 0 };
    }
  }
  if (longest) throw refused(longest.limit, longest.state, reason, whose);
  const [first] = taken;
  if (first?.status !== 'fulfilled') throw unavailable();
  const { remainingPoints: remaining, msBeforeNext } = first.value;
  return { remaining, headers: rateHeaders(limiters[0]?.points ?? 0, remaining, msBeforeNext) };
}

function refused(
  limit: number,
  { msBeforeNext }: RateLimiterRes,
  reason: Reason,
  whose: string,
): Refusal {
  const headers = rateHeaders(limit, 0, Math.max(1, msBeforeNext));
  const seconds = headers['ratelimit-reset'] ?? '1';
  return new Refusal(429, reason, `${whose} limit is used up: wait ${seconds} s`, {
    'retry-after': seconds,
    ...headers,
  });
}

function rateHeaders(limit: number, remaining: number, msBeforeNext: number): RateHeaders {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.max(0, Math.ceil(msBeforeNext / 1000))),
  };
}

async function closed<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch {
    throw unavailable();
  }
}

function unavailable(): Refusal {
  return new Refusal(503, 'limits_unavailable', 'requests cannot be counted now: try again later');
}
