import { describe, expect, it } from 'vitest';
import { dueAt, pauseAfter, sleepUntil } from '../../components/services/images/acme/due';

const day = 86_400_000;
const wanted = { names: ['a.org', 'b.org'], directory: 'https://ca/dir' };
const current = {
  directory: wanted.directory,
  certificate: {
    subjectAltName: 'DNS:b.org, DNS:a.org',
    validFrom: new Date(0).toUTCString(),
    validTo: new Date(90 * day).toUTCString(),
  },
};

describe('when a certificate is ordered', () => {
  it('is at two thirds of its life', () => {
    expect(dueAt(current, wanted)).toBe(60 * day);
  });
  it('is at once without one, with one of another authority, or for other names', () => {
    expect([
      dueAt(undefined, wanted),
      dueAt({ ...current, directory: undefined }, wanted),
      dueAt(current, { ...wanted, directory: 'https://staging/dir' }),
      dueAt(current, { ...wanted, names: ['a.org'] }),
      dueAt(current, { ...wanted, names: ['a.org', 'c.org'] }),
    ]).toEqual([0, 0, 0, 0, 0]);
  });
  it('is tried again after a minute, then twice as long, six hours at most', () => {
    expect([1, 2, 3, 9, 10, 1000].map(pauseAfter)).toEqual([
      60_000, 120_000, 240_000, 15_360_000, 21_600_000, 21_600_000,
    ]);
  });
  it('is looked at each hour', () => {
    expect([sleepUntil(5, 10), sleepUntil(20, 10), sleepUntil(60 * day, 0)]).toEqual([
      0, 10, 3_600_000,
    ]);
  });
});
