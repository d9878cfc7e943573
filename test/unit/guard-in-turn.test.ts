import type dns from 'node:dns';
import { expect, test } from 'vitest';
import { inTurn } from '../../components/services/images/guard/in-turn';

/** A resolver whose answers come in another order each time, as Docker's do. */
function resolver(...answers: readonly string[][]): typeof dns.lookup {
  let asked = 0;
  const lookup = (
    _name: string,
    _options: dns.LookupAllOptions,
    done: (error: NodeJS.ErrnoException | null, found: dns.LookupAddress[]) => void,
  ): void => {
    const answer = answers[asked++ % answers.length] ?? [];
    const error =
      answer.length === 0 ? Object.assign(new Error('none'), { code: 'ENOTFOUND' }) : null;
    done(
      error,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return lookup as typeof dns.lookup;
}

const shuffled = [
  ['10.0.0.3', '10.0.0.1', '10.0.0.2'],
  ['10.0.0.1', '10.0.0.3', '10.0.0.2'],
  ['10.0.0.3', '10.0.0.2', '10.0.0.1'],
];

function ask(lookup: ReturnType<typeof inTurn>, all: boolean): unknown {
  let answer: unknown;
  lookup('hasura', { all }, (error, found) => {
    answer = error ?? found;
  });
  return answer;
}

test('each connection begins with the next replica, in whatever order they are named', () => {
  const lookup = inTurn(resolver(...shuffled));
  const first = [1, 2, 3, 4].map(() => ask(lookup, false));
  expect(first).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1']);
});

test('the others follow it, for when it does not answer', () => {
  const lookup = inTurn(resolver(...shuffled));
  const addresses = () => (ask(lookup, true) as dns.LookupAddress[]).map(({ address }) => address);
  expect(addresses()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  expect(addresses()).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.1']);
});

test('a name that nobody knows is the resolver’s error', () => {
  expect(ask(inTurn(resolver([])), true)).toMatchObject({ code: 'ENOTFOUND' });
});
