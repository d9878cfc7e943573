import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tenant } from '../../provider/tenancy/tenant';
import { EditedExports, rows } from './support/edited';
import { s3StandIn } from './support/s3';

let edited: EditedExports;

beforeAll(async () => {
  edited = await EditedExports.start();
});

afterAll(() => edited.stop());

describe(`rows that somebody forged, hashes and all ${s3StandIn},`, () => {
  const note = (project: string, author: string): string =>
    [author, 'forged', '2024-01-01 00:00:00+00', randomUUID(), project].join('\t') + '\n';

  test('come into no other tenant: what refers to it is refused by the database', async () => {
    const [project] = await edited.inhabited.world.ask<{ id: string }>(
      'select id from app.projects where tenant_id = $1',
      [edited.victim.id],
    );
    const folder = edited.changed((at, manifest) => {
      rows(at, manifest, 'app.notes', note(project?.id ?? '', '\\N'));
    });
    await expect(edited.import(folder)).rejects.toThrow(
      /violates foreign key constraint "notes_project"/,
    );
    await expectNobodyIn();
  });

  test('with a value more are refused', async () => {
    const folder = edited.changed((at, manifest) => {
      rows(at, manifest, 'app.codes', `x\t\\N\t${edited.victim.id}\n`);
    });
    await expect(edited.import(folder)).rejects.toThrow(
      /rows of app\.codes: extra data after last expected column/,
    );
    await expectNobodyIn();
  });

  test('with an end of data in the middle are refused', async () => {
    const folder = edited.changed((at, manifest) => {
      rows(at, manifest, 'app.codes', 'x\t\\N\n\\.\ny\t\\N\n');
    });
    await expect(edited.import(folder)).rejects.toThrow(/end-of-copy|app\.codes has 1 rows/);
    await expectNobodyIn();
  });

  test('do not keep the right ones from being imported afterwards', async () => {
    const copy = await edited.import(edited.changed(() => undefined));
    expect(copy).toMatchObject({ slug: 'copy', status: 'active' });
  });

  /** A tenant that is half imported has no rows, and nobody gets in. */
  async function expectNobodyIn(): Promise<void> {
    const { world } = edited.inhabited;
    const [copy] = await world.ask<Tenant>(
      "select id, slug, name, model, shard, status, generation from registry.tenants where slug = 'copy'",
    );
    expect(copy?.status).toBe('importing');
    if (!copy) return;
    for (const table of ['samples', 'notes', 'codes', 'projects']) {
      expect(await world.at(copy, `select from app.${table}`)).toEqual([]);
    }
  }
});
