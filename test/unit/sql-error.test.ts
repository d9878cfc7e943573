import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { UserError } from '../../engine/errors';
import { describeSqlError, SqlError } from '../../provider/database/errors';
import { isPassing } from '../../provider/tenancy/passing';

function refusal(code: string): DatabaseError {
  return Object.assign(new DatabaseError('canceling statement', 19, 'error'), { code });
}

test('a refusal of Postgres that is described for people keeps its SQLSTATE', () => {
  const described = describeSqlError(refusal('23514'), 'app/100.sql', 'select 1');
  if (!(described instanceof SqlError)) throw described;
  expect([described.message, described.code]).toEqual([
    'app/100.sql: canceling statement (23514)',
    '23514',
  ]);
});

test('a refusal in a migration of the application says in which one', () => {
  const at = 'app/100_topic.sql in t_1';
  expect(describeSqlError(refusal('23514'), at, '', '100_topic')).toMatchObject({
    migration: '100_topic',
  });
});

test('whether a refusal passes is told by its SQLSTATE, never by its text', () => {
  for (const [code, passes] of [
    ['55P03', true],
    ['40P01', true],
    ['23514', false],
  ] as const) {
    expect(isPassing(refusal(code))).toBe(passes);
    expect(isPassing(describeSqlError(refusal(code), 'app/100.sql', ''))).toBe(passes);
  }
  expect(isPassing(new UserError('somebody wrote this (55P03)'))).toBe(false);
});
