import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { erasePerson } from '../../provider/tenancy/erase';
import { exportTenant } from '../../provider/tenancy/export';
import { importTenant } from '../../provider/tenancy/import';
import { InhabitedWorld } from './support/inhabited';
import { hashes, models } from './support/life';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

describe(`an anonymised copy ${s3StandIn}`, () => {
  test('has nothing of anybody, holds together, and lives beside the original', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('acme', { model: 'schema', shard: 'main' });
    const folder = world.folder('anonymous');
    await exportTenant(stores, tenant, folder, { anonymise: true });

    const people = await world.ask<{ id: string; handle: string }>(
      'select u.id, u.handle from registry.users u join registry.members m on m.user_id = u.id where m.tenant_id = $1',
      [tenant.id],
    );
    expect(people).toHaveLength(3);
    const text = Object.keys(hashes(folder))
      .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
      .join('\n');
    const words = ['acme.test', 'Row 17', 'Written by', 'Secret of', 'Content of'];
    for (const word of [...words, ...people.flatMap(({ id, handle }) => [id, handle])]) {
      expect({ word, found: text.includes(word) }).toEqual({ word, found: false });
    }
    expect(JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8'))).toMatchObject({
      anonymised: true,
      objects: [],
      members: [{ role: expect.any(String) as string }, {}, {}],
    });

    const copy = await importTenant(world.platform, stores, folder, {
      model: 'shared',
      as: { slug: 'acme-dev', name: 'Acme for development' },
    });
    expect(copy.id).not.toBe(tenant.id);
    const shape = `select count(*)::int as rows, count(distinct email)::int as emails, count(owner_id)::int as owned,
      count(distinct owner_id)::int as owners, sum(amount) filter (where amount < 'NaN' and amount <> 'Infinity') as amount
      from app.samples where tenant_id = $1`;
    const original = await world.at(tenant, shape, [tenant.id]);
    expect(await world.at(copy, shape, [copy.id])).toEqual(original);
    expect(original).toEqual([expect.objectContaining({ rows: 104, emails: 100, owned: 50 })]);
    expect(
      await world.at(copy, 'select distinct status from registry.tenants where id = $1', [copy.id]),
    ).toEqual([{ status: 'active' }]);
    // A copy that is exported is the copy.
    const again = world.folder('anonymous-again');
    await exportTenant(stores, copy, again);
    const rows = (files: Record<string, string>) =>
      Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith('rows/')));
    expect(rows(hashes(again))).toEqual(rows(hashes(folder)));
  });

  test('is another one each time, so that nobody can compare two', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('globex', { model: 'shared', shard: 'main' });
    const [one, two] = [world.folder('one'), world.folder('two')];
    await exportTenant(stores, tenant, one, { anonymise: true });
    await exportTenant(stores, tenant, two, { anonymise: true });
    const { members } = JSON.parse(readFileSync(`${one}/manifest.json`, 'utf8')) as {
      members: { id: string; handle: string }[];
    };
    const other = readFileSync(`${two}/manifest.json`, 'utf8');
    for (const { id, handle } of members) {
      expect([other.includes(id), other.includes(handle)]).toEqual([false, false]);
    }
  });
});

describe(`a person who is forgotten ${s3StandIn}`, () => {
  test.each(models)('leaves no words, files or keys behind: model %s', async (model) => {
    const { world, s3, stores, redis } = inhabited;
    const tenant = await inhabited.inhabit(`forget-${model}`, { model, shard: 'main' });
    const [owner] = await world.ask<{ id: string; handle: string }>(
      `select u.id, u.handle from registry.users u join registry.members m on m.user_id = u.id
       where m.tenant_id = $1 and u.handle <> 'everybody' order by 1 limit 1`,
      [tenant.id],
    );
    if (!owner) throw new Error('nobody');
    await world.at(
      tenant,
      'update app.samples set owner_id = $1 where email is not null and tenant_id = $2',
      [owner.id, tenant.id],
    );
    await world.at(tenant, 'update app.notes set author_id = $1 where tenant_id = $2', [
      owner.id,
      tenant.id,
    ]);
    await world.ask('update storage.files set owner_id = $2 where tenant_id = $1', [
      tenant.id,
      owner.id,
    ]);
    const shared = await world.ask<{ id: string }>(
      `update storage.files set visibility = 'tenant' where tenant_id = $1
         and id = (select id from storage.files where tenant_id = $1 order by id limit 1) returning id`,
      [tenant.id],
    );
    await redis.set(`guard:user:${tenant.id}:${owner.id}`, '1');

    await erasePerson(world.platform, stores, tenant, owner.handle);

    expect(
      await world.at(
        tenant,
        `select count(*)::int as rows, count(owner_id)::int as owned,
           count(*) filter (where email like '%@acme.test' or label like 'Row%')::int as words from app.samples
         where tenant_id = $1`,
        [tenant.id],
      ),
    ).toEqual([{ rows: 104, owned: 0, words: 0 }]);
    expect(
      await world.at(
        tenant,
        "select author_id, body ~ '^x+$' as blank from app.notes where tenant_id = $1",
        [tenant.id],
      ),
    ).toEqual([{ author_id: null, blank: true }]);
    expect(
      await world.ask('select id, owner_id from storage.files where tenant_id = $1', [tenant.id]),
    ).toEqual([{ id: shared[0]?.id, owner_id: null }]);
    // The shared file, and the upload that nobody finished.
    expect(s3.keys().filter((key) => key.startsWith(tenant.id))).toHaveLength(2);
    expect(await world.ask('select from registry.users where id = $1', [owner.id])).toEqual([]);
    expect(
      await world.ask('select from registry.api_keys where created_by = $1', [owner.id]),
    ).toEqual([]);
    expect(await redis.keys(`*${owner.id}*`)).toEqual([]);
    await expect(erasePerson(world.platform, stores, tenant, owner.handle)).rejects.toThrow(
      `forget-${model} has no member "${owner.handle}"`,
    );
  });

  test('is a member of this tenant', async () => {
    const { world, stores } = inhabited;
    const tenant = await inhabited.inhabit('others', { model: 'shared', shard: 'main' });
    await expect(erasePerson(world.platform, stores, tenant, randomUUID())).rejects.toThrow(
      /^others has no member/,
    );
  });
});
