import { z } from 'zod';
import type { Resource } from '../host/resource';
import { validityDays as certificateDays } from './certificate';
import { isDue, issueAuthority, type Issued } from './issue';

const validityDays = 3_650;

/** Earlier than a certificate could outlive it. */
const renewBelowDays = 2 * certificateDays;

/**
 * An authority of the platform's own (EC P-256, 10 years): it signs certificates of servers and clients, and no other
 * authorities.
 *
 * When less than two lives of a certificate are left, the next `up` renews it: the same key and name, so whoever
 * trusts the former one takes certificates of either until that has expired.
 *
 * @example const authority = new Authority('authority', {}, { parent: this });
 */
export interface AuthorityInputs {
  /** What browsers show as the issuer; `Strata <stack>` when not given. Another name makes another authority. */
  name?: string;
}

export interface AuthorityState extends AuthorityInputs {
  /** PEM. */
  certificate: string;
  /** PEM (PKCS #8); secret. */
  key: string;
  /** ISO 8601. */
  expires: string;
}

export const authority: Resource<AuthorityInputs, AuthorityState> = {
  inputs: z.object({ name: z.string().min(1).max(64).optional() }),
  computed: ['certificate', 'key', 'expires'],
  volatile: ['certificate', 'expires'],

  diff(state, inputs) {
    if (state.name !== inputs.name) return { name: 'replace' };
    return isDue(state.expires, renewBelowDays) ? { expires: 'update' } : {};
  },

  create: async (inputs, { name, stack }) => ({ id: name, state: await issue(inputs, stack) }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, state, inputs, { stack }) => issue(inputs, stack, state),

  delete: () => Promise.resolve(),
};

async function issue(
  inputs: AuthorityInputs,
  stack: string,
  former?: Issued,
): Promise<AuthorityState> {
  const name = inputs.name ?? `Strata ${stack}`.slice(0, 64);
  return { ...inputs, ...(await issueAuthority(name, validityDays, former?.key)) };
}
