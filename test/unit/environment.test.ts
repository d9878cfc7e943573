import { afterEach, expect, test, vi } from 'vitest';
import { wholeNumber } from '../../components/services/images/shared/environment';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['1', 1, 1],
  ['0', 0, 0],
  ['7', 0, 7],
  ['0', 1, 'MANY is not a whole number of 1 or more'],
  ['-1', 0, 'MANY is not a whole number of 0 or more'],
  ['1.5', 1, 'MANY is not a whole number of 1 or more'],
  ['ten', 1, 'MANY is not a whole number of 1 or more'],
  ['', 0, 'MANY is not set'],
])('MANY=%s, %i at least: %s', (text, least, expected) => {
  vi.stubEnv('MANY', text);
  const read = (): number => wholeNumber('MANY', least);
  if (typeof expected === 'number') expect(read()).toBe(expected);
  else expect(read).toThrow(expected);
});
