import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { Revocations } from './directory';

/** Whoever has the id of one has what it stands for; cookies are signed besides, and access tokens are not their ids. */
const bearer = new Set(['AuthorizationCode', 'RefreshToken']);

/** What ends when the grant does. */
const ofGrants = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

/** Their ids are the `jti` of tokens that services accept by signature alone. */
const accessTokens = new Set(['AccessToken', 'ClientCredentials']);

/** Writes a record if its grant is there, and notes it until its own end: in one step, so that none slips past the grant's. */
const addToGrant = `
if redis.call('exists', KEYS[1]) == 0 then return 0 end
redis.call('set', KEYS[3], ARGV[1], 'EX', ARGV[2])
redis.call('zremrangebyscore', KEYS[2], '-inf', ARGV[5])
redis.call('zadd', KEYS[2], ARGV[4], ARGV[3])
redis.call('expire', KEYS[2], redis.call('ttl', KEYS[1]))
return 1`;

/**
 * What the OAuth server keeps, in Redis: every key has an end, and no key or value gives back an authorization code or a
 * refresh token, because only its SHA-256 is kept. An access token that ends early is told to `revocations` first.
 */
export class Records {
  constructor(
    private readonly redis: Redis,
    private readonly revocations: Revocations,
    /** Told of each access token that ended early. */
    private readonly onRevoked: () => void,
  ) {}

  /** The records of one model, as oidc-provider asks for them. */
  readonly adapter = (model: string): Adapter => ({
    upsert: (id, payload, seconds) => this.write(model, id, payload, seconds),
    find: (id) => this.find(model, id),
    findByUid: async (uid) => {
      const id = await this.redis.get(uidKey(uid));
      return id === null ? undefined : this.find(model, id);
    },
    // The device flow is off.
    findByUserCode: () => Promise.resolve(undefined),
    consume: (id) => this.consume(model, id),
    destroy: (id) => this.destroy(model, id),
    // It is called for each model, with the same grant; the first one ends all.
    revokeByGrantId: (grantId) =>
      model === 'AccessToken' ? this.endMembers(grantId) : Promise.resolve(),
  });

  /** What is kept for a sign-in that goes on; `seconds` until it is forgotten. */
  async keep(name: string, value: object, seconds: number): Promise<void> {
    await this.redis.set(recordKey('SignedIn', name), JSON.stringify(value), 'EX', seconds);
  }

  async kept(name: string): Promise<unknown> {
    const text = await this.redis.get(recordKey('SignedIn', name));
    return text === null ? undefined : JSON.parse(text);
  }

  async forget(name: string): Promise<void> {
    await this.redis.del(recordKey('SignedIn', name));
  }

  private async write(
    model: string,
    id: string,
    payload: AdapterPayload,
    seconds: number | undefined,
  ): Promise<void> {
    if (seconds === undefined) throw new Error(`a record of ${model} without an end`);
    const key = recordKey(model, id);
    const { jti, ...rest } = payload;
    const text = JSON.stringify(bearer.has(model) ? rest : { jti, ...rest });
    // Redis refuses an end that is now.
    const ttl = Math.max(1, seconds);
    if (ofGrants.has(model) && payload.grantId !== undefined) {
      const { grantId } = payload;
      const keys = [recordKey('Grant', grantId), membersKey(grantId), key];
      const now = Math.floor(Date.now() / 1000);
      const exp = payload.exp ?? now + ttl;
      const member = JSON.stringify([key, accessTokens.has(model) ? id : null, exp]);
      const values = [text, ttl, member, exp, now];
      const written = await this.redis.eval(addToGrant, 3, ...keys, ...values);
      if (written !== 1) throw new errors.InvalidGrant('the grant was revoked');
      return;
    }
    await this.redis.set(key, text, 'EX', ttl);
    if (payload.uid !== undefined) await this.redis.set(uidKey(payload.uid), id, 'EX', ttl);
  }

  private async find(model: string, id: string): Promise<AdapterPayload | undefined> {
    const key = recordKey(model, id);
    const [text, consumed] = await this.redis.mget(key, consumedKey(key));
    if (text === null || text === undefined) return undefined;
    const payload = JSON.parse(text) as AdapterPayload;
    return { ...payload, jti: id, ...(consumed && { consumed: Number(consumed) }) };
  }

  /**
   * oidc-provider looks whether a code was used and then marks it: of two requests at the same time both would see that
   * it was not. Here one of them marks it, and the other one is a replay.
   */
  private async consume(model: string, id: string): Promise<void> {
    const key = recordKey(model, id);
    const seconds = await this.redis.ttl(key);
    const now = Math.floor(Date.now() / 1000);
    const first =
      seconds > 0 && (await this.redis.set(consumedKey(key), now, 'EX', seconds, 'NX')) === 'OK';
    if (first) return;
    const payload = await this.find(model, id);
    if (payload?.grantId !== undefined) await this.endGrant(payload.grantId);
    throw new errors.InvalidGrant('it was used already, so all that came of it was revoked');
  }

  private async destroy(model: string, id: string): Promise<void> {
    if (model === 'Grant') return this.endGrant(id);
    const payload = await this.find(model, id);
    if (payload && accessTokens.has(model)) await this.revoke(id, payload.exp ?? 0);
    const key = recordKey(model, id);
    await this.redis.del(key, consumedKey(key));
    if (payload?.uid !== undefined) await this.redis.del(uidKey(payload.uid));
  }

  /** The grant goes first: nothing can be added to it while its members end. */
  private async endGrant(grantId: string): Promise<void> {
    await this.redis.del(recordKey('Grant', grantId));
    await this.endMembers(grantId);
  }

  /** A record goes when its token was revoked, so that what failed is tried again the next time. */
  private async endMembers(grantId: string): Promise<void> {
    for (const member of await this.redis.zrange(membersKey(grantId), '0', '-1')) {
      const [key, jti, exp] = JSON.parse(member) as [string, string | null, number];
      if (jti !== null && (await this.redis.exists(key)) === 1) await this.revoke(jti, exp);
      await this.redis.del(key, consumedKey(key));
      await this.redis.zrem(membersKey(grantId), member);
    }
  }

  private async revoke(jti: string, exp: number): Promise<void> {
    await this.revocations.revoke(jti, new Date(exp * 1000));
    this.onRevoked();
  }
}

function recordKey(model: string, id: string): string {
  return `oauth:${model}:${createHash('sha256').update(id).digest('hex')}`;
}

function consumedKey(key: string): string {
  return `${key}:consumed`;
}

function membersKey(grantId: string): string {
  return `oauth:members:${createHash('sha256').update(grantId).digest('hex')}`;
}

function uidKey(uid: string): string {
  return `oauth:uid:${createHash('sha256').update(uid).digest('hex')}`;
}
