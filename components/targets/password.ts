import * as random from '@pulumi/random';
import type { PasswordShape, Target } from './target';

/** A password of Pulumi's random provider, kept in the state. */
export const randomPassword: Target['password'] = (name, { length, alphabet }, opts) =>
  new random.RandomPassword(name, { length, ...alphabets[alphabet] }, opts).result;

const alphabets: Readonly<Record<PasswordShape['alphabet'], object>> = {
  letters: { special: false },
  // The plugin has no hexadecimal alphabet; as the only special characters the digits make one.
  hex: {
    special: true,
    overrideSpecial: '0123456789abcdef',
    lower: false,
    upper: false,
    numeric: false,
  },
};
