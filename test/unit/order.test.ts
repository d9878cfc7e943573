import { describe, expect, test } from 'vitest';
import type { Workload } from '../../components/services/service';
import { inOrder } from '../../components/services/order';

function service(name: string, ...needs: string[]): Workload {
  return {
    kind: 'workload',
    readsSchema: false,
    name,
    command: ['true'],
    environment: {},
    secrets: {},
    files: {},
    needs,
    routes: {},
    replicas: 1,
  };
}

describe('services in order', () => {
  test('stand behind what they need, and keep their order otherwise', () => {
    const order = inOrder([
      service('c', 'b'),
      service('a'),
      service('b', 'a', 'database'),
      service('d'),
    ]);
    expect(order.map(({ name }) => name)).toEqual(['a', 'd', 'b', 'c']);
  });

  test('that need each other, or what is not there, are named', () => {
    expect(() => inOrder([service('a', 'b'), service('b', 'a')])).toThrow(/a needs b; b needs a/);
    expect(() => inOrder([service('a', 'redis')])).toThrow(/a needs redis/);
  });
});
