import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Resource } from '../host/resource';

const alphabets = {
  letters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  hex: '0123456789abcdef',
} as const;
type Alphabet = keyof typeof alphabets;
const defaultLength = 32;

/**
 * A random password of letters and digits, made once and kept in the state as a secret.
 *
 * @example new Password('login-strata_app', { length: 40 }, { parent: this });
 */
export interface PasswordInputs {
  /** Characters, 16 to 256; 32 when not given. Another length makes another password. */
  length?: number;
  /** Letters and digits, which is what it is when not given, or hexadecimal digits. */
  alphabet?: Alphabet;
}

export interface PasswordState extends PasswordInputs {
  /** Secret. */
  result: string;
}

export const password: Resource<PasswordInputs, PasswordState> = {
  inputs: z.object({
    length: z.int().min(16).max(256).optional(),
    alphabet: z.enum(['letters', 'hex']).optional(),
  }),
  computed: ['result'],

  diff: (state, inputs) => ({
    ...(lengthOf(state) !== lengthOf(inputs) && { length: 'replace' }),
    ...(alphabetOf(state) !== alphabetOf(inputs) && { alphabet: 'replace' }),
  }),

  create: (inputs, context) =>
    Promise.resolve({
      id: context.name,
      state: { ...inputs, result: generate(lengthOf(inputs), alphabetOf(inputs)) },
    }),

  read: (_id, state) => Promise.resolve(state),

  delete: () => Promise.resolve(),
};

/** Characters of an alphabet, each equally likely. */
export function generate(length: number, alphabet: Alphabet = 'letters'): string {
  const characters = alphabets[alphabet];
  return Array.from({ length }, () => characters.charAt(randomInt(characters.length))).join('');
}

function lengthOf({ length = defaultLength }: PasswordInputs): number {
  return length;
}

function alphabetOf({ alphabet = 'letters' }: PasswordInputs): Alphabet {
  return alphabet;
}
