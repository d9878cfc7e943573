import { describe, expect, test } from 'vitest';
import { customService, type CustomServiceInput } from '../../components/settings/custom';
import { customConflicts } from '../../components/settings/custom-conflicts';

const others = ['database', 'graphql'];

/** Services that need others, by name. */
function needing(needs: Record<string, string[]>) {
  const image = 'registry.example.org/shop:1';
  const made = (given: CustomServiceInput) => customService.parse({ image, ...given });
  return Object.fromEntries(
    Object.entries(needs).map(([name, all]) => [name, made({ needs: all })]),
  );
}

function keys(needs: Record<string, string[]>): string[] {
  return customConflicts(needing(needs), others).map(({ key }) => key);
}

describe('between custom services and what is around them', () => {
  test('nothing is wrong when every service that is needed is there', () => {
    expect(customConflicts(needing({ a: ['b', 'graphql'], b: ['database'] }), others)).toEqual([]);
  });

  test('a service that is needed is there, and is another one', () => {
    expect(customConflicts(needing({ a: ['graphql'], b: ['b', 'grapql'] }), others)).toEqual([
      {
        key: 'strata:customServices.b.needs[0]',
        reason: 'is the service itself',
        advice: 'Take it out.',
      },
      {
        key: 'strata:customServices.b.needs[1]',
        reason: 'names a service that it cannot wait for',
        received: '"grapql"',
        allowed: 'database, graphql or a',
        nearest: '"graphql"',
      },
    ]);
  });

  test('two that wait for each other are both named', () => {
    const reason = 'waits for a service that waits for this one, among a, b';
    const advice = 'Take one of the needs out.';
    expect(customConflicts(needing({ a: ['b'], b: ['a'], c: ['database'] }), others)).toEqual([
      { key: 'strata:customServices.a.needs', reason, advice },
      { key: 'strata:customServices.b.needs', reason, advice },
    ]);
  });

  test('whoever only waits for a circle, or is only waited for by one, is not named', () => {
    const circle = { a: ['b', 'first'], b: ['c'], c: ['a'] };
    expect(keys({ ...circle, first: [], last: ['a'], later: ['last'] })).toEqual(
      ['a', 'b', 'c'].map((name) => `strata:customServices.${name}.needs`),
    );
  });

  test('one that is needed twice, or by many, is no circle', () => {
    expect(keys({ a: ['d', 'd'], b: ['a', 'd'], c: ['a', 'b'], d: [] })).toEqual([]);
  });

  test('names of what every object has are services like others', () => {
    expect(keys({ a: ['constructor'], b: ['tostring'] })).toEqual([
      'strata:customServices.a.needs[0]',
      'strata:customServices.b.needs[0]',
    ]);
    expect(keys({ valueof: ['a'], a: ['valueof'] })).toEqual([
      'strata:customServices.valueof.needs',
      'strata:customServices.a.needs',
    ]);
  });
});
