import { expect, test } from 'vitest';
import { hold } from '../../bench/tenancy/audit';
import { rls } from '../../bench/tenancy/rls';
import { inWorld } from '../../bench/tenancy/world';

const tiny = {
  size: { tenants: 4, folders: 2, items: 20 },
  turns: { rounds: 1, milliseconds: 1 },
  clients: [2],
};

test('what row level security and the hold cost can be measured, by each driver', async () => {
  const table = await inWorld(async (world) => ({
    ...(await rls(world, tiny)),
    ...(await hold(world, tiny)),
  }));
  const ratios = Object.keys(table).filter((label) => label.includes(' / '));
  expect(ratios).toEqual([
    ...['page', 'aggregate', 'join', 'insert', 'update'].flatMap((name) =>
      ['planned', 'cached', 'unnamed', 'named'].map(
        (driver) => `${name}, ${driver}, 2 cl.: RLS / WHERE`,
      ),
    ),
    ...['insert', 'update', 'insert of 100', 'update of a folder'].flatMap((name) =>
      ['cached', 'named'].map((driver) => `hold: ${name}, ${driver}, 2 cl.: hold / no trigger`),
    ),
  ]);
  expect(Object.values(table).filter(({ median }) => !(median > 0))).toEqual([]);
});
