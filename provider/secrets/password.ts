import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Resource } from '../host/resource';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const defaultLength = 32;

/**
 * A random password of letters and digits, made once and kept in the state as a secret.
 *
 * @example new Password('login-strata_app', { length: 40 }, { parent: this });
 */
export interface PasswordInputs {
  /** Characters, 16 to 256; 32 when not given. Another length makes another password. */
  length?: number;
}

export interface PasswordState extends PasswordInputs {
  /** Secret. */
  result: string;
}

export const password: Resource<PasswordInputs, PasswordState> = {
  inputs: z.object({ length: z.int().min(16).max(256).optional() }),
  computed: ['result'],

  diff: (state, inputs) => (lengthOf(state) === lengthOf(inputs) ? {} : { length: 'replace' }),

  create: (inputs, context) =>
    Promise.resolve({ id: context.name, state: { ...inputs, result: generate(lengthOf(inputs)) } }),

  read: (_id, state) => Promise.resolve(state),

  delete: () => Promise.resolve(),
};

/** Letters and digits, each equally likely. */
export function generate(length: number): string {
  return Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join('');
}

function lengthOf({ length = defaultLength }: PasswordInputs): number {
  return length;
}
