import { describe, expect, test } from 'vitest';
import { awsName } from '../../components/targets/aws/naming';

describe('the name of a part of a stack at AWS', () => {
  test('is said in full where there is room', () => {
    expect(awsName('prod', 'balancer', 32)).toBe('strata-prod-balancer');
    expect(awsName('a'.repeat(16), 'balancer', 32)).toBe(`strata-${'a'.repeat(16)}-balancer`);
  });

  const stacks = [
    'a'.repeat(17),
    'x'.repeat(100),
    'Prod',
    'eu.prod',
    'eu_prod',
    '-prod-',
    'prüfung',
    '本番',
    'a-very-long-name-that-is-cut-in-the-middle',
  ];

  test.each(stacks)('is one that AWS takes, of the stack %s', (stack) => {
    for (const most of [32, 63, 64, 128, 255]) {
      const name = awsName(stack, 'gateway-443', most);
      expect(name.length).toBeLessThanOrEqual(most);
      expect(name).toMatch(/^strata(-[a-z0-9]+)+$/);
      expect(name).toContain('gateway-443');
    }
  });

  test('keeps apart stacks that would be cut or cleaned to the same', () => {
    const all = [...stacks, 'prod', 'eu-prod', `${'x'.repeat(99)}y`];
    expect(new Set(all.map((stack) => awsName(stack, 'app', 32))).size).toBe(all.length);
  });

  test('is the same each time', () => {
    expect(awsName('本番', 'app', 32)).toBe(awsName('本番', 'app', 32));
  });

  test('cannot be shorter than the part that it names', () => {
    expect(() => awsName('x'.repeat(40), 'a-part-with-a-long-name', 32)).toThrow(
      'a-part-with-a-long-name leaves no room in a name of 32 characters',
    );
  });
});
