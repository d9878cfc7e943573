import { Refusal } from '../shared/refusal';
import type { Failures } from './failures';
import type { Metrics } from './metrics';
import type { People, SignedIn, SignIn } from './people';

/** What signing in needs, on a page and in the password grant alike. */
export interface SignInParts {
  readonly people: Pick<People, 'signIn'>;
  readonly failures: Pick<Failures, 'tryAccount' | 'accountPassed'>;
  readonly metrics: Pick<Metrics, 'signedIn'>;
}

/** Tries a password, within the limits. Throws `Refusal` (429, 503) and what `People` throws. */
export async function signIn(
  { people, failures, metrics }: SignInParts,
  given: SignIn,
  address: string,
): Promise<SignedIn | 'code' | 'wrong'> {
  try {
    await failures.tryAccount(given.email, address);
  } catch (error) {
    if (error instanceof Refusal && error.status === 429) metrics.signedIn('limited');
    throw error;
  }
  const outcome = await people.signIn(given, address);
  metrics.signedIn(typeof outcome === 'string' ? outcome : 'right');
  if (typeof outcome !== 'string') await failures.accountPassed(given.email, address);
  return outcome;
}
