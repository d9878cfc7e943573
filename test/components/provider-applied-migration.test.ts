import { describe, expect, test } from 'vitest';
import { appliedMigration } from '../../provider/database/applied-migration';
import { sha256 } from '../../provider/database/migration-file';
import { contextFor } from '../support/local';

const context = contextFor('app/001_orders');

function of(sql: string) {
  return { scope: 'app' as const, name: '001_orders', sha256: sha256(sql) };
}

describe('a migration that a job has applied', () => {
  test('is recorded with its text’s checksum, and is the same again', async () => {
    const { id, state } = await appliedMigration.create(of('create table orders ();'), context);
    expect(id).toBe('app/001_orders');
    expect(appliedMigration.diff(state, of('create table orders ();'))).toEqual({});
    expect(await appliedMigration.check?.(state, state, context)).toEqual([]);
    expect(await appliedMigration.check?.(state, undefined, context)).toEqual([]);
  });

  test('is refused with both checksums when its text has changed', async () => {
    const [was, now] = [of('create table orders ();'), of('drop table orders;')];
    expect(await appliedMigration.check?.(now, was, context)).toEqual([
      {
        property: 'sha256',
        reason:
          `migration app/001_orders was applied with sha-256 ${was.sha256} and its text now has ${now.sha256}: ` +
          'an applied migration never changes. Restore its text and put the change into a new file.',
      },
    ]);
  });
});
