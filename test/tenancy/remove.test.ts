import { randomUUID } from 'node:crypto';
import { appendFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteTenant } from '../../provider/tenancy/remove';
import { InhabitedWorld } from './support/inhabited';
import { models, shards } from './support/life';
import { s3StandIn } from './support/s3';

let inhabited: InhabitedWorld;

beforeAll(async () => {
  inhabited = await InhabitedWorld.start();
});

afterAll(() => inhabited.stop());

const places = shards.flatMap((shard) => models.map((model) => ({ model, shard })));

describe(`a tenant that is deleted ${s3StandIn}`, () => {
  test.each(places)('leaves nothing: model $model on $shard', async ({ model, shard }) => {
    const { world, stores } = inhabited;
    const slug = `gone-${model}-${shard}`;
    const other = await inhabited.inhabit(`stay-${model}-${shard}`, { model, shard });
    const kept = await inhabited.traces(other);
    const tenant = await inhabited.inhabit(slug, { model, shard });
    expect((await inhabited.traces(tenant)).length).toBeGreaterThan(20);
    const folder = world.folder(slug);

    const exported = await deleteTenant(world.platform, stores, tenant, { folder });
    if (exported.step !== 'exported') throw new Error('deleted at once');
    const steps: string[] = [];
    const receipt = await deleteTenant(world.platform, stores, tenant, {
      folder,
      token: exported.token,
      onStep: (step) => steps.push(step),
    });

    expect(await inhabited.traces(tenant)).toEqual([]);
    expect(receipt).toMatchObject({ step: 'deleted', exportSha256: exported.sha256, rows: 116 });
    expect(steps).toEqual([
      'close',
      'compare',
      'decide',
      'remove from Redis',
      'remove from object store',
      'remove from Postgres',
      'remove from the registry',
      'search',
      'receipt',
    ]);
    expect((await inhabited.traces(other)).length).toBe(kept.length);
    // Who is in another tenant as well stays a user.
    expect(await world.ask("select from registry.users where handle = 'everybody'")).toHaveLength(
      1,
    );
    const again = await deleteTenant(world.platform, stores, tenant, {
      folder,
      token: exported.token,
    });
    expect(again).toEqual(receipt);
  });
});

describe(`a deletion is refused ${s3StandIn}`, () => {
  test('without the export that the token was made with, and when anything changed since', async () => {
    const { world, s3, stores } = inhabited;
    const tenant = await inhabited.inhabit('careful', { model: 'schema', shard: 'main' });
    const folder = world.folder('careful');
    const exported = await deleteTenant(world.platform, stores, tenant, { folder });
    if (exported.step !== 'exported') throw new Error('deleted at once');
    const { token } = exported;
    const attempt = (options: { folder: string; token: string }) =>
      deleteTenant(world.platform, stores, tenant, options);

    await expect(attempt({ folder, token: '0'.repeat(32) })).rejects.toThrow(
      /not the one of the export/,
    );
    await expect(attempt({ folder: world.folder('nowhere'), token })).rejects.toThrow(/no export/);

    await world.at(tenant, "update app.projects set name = 'Gemini'");
    await expect(attempt({ folder, token })).rejects.toThrow(
      /careful is not what was exported any more \(app\.projects\): suspend it/,
    );
    expect(
      await world.ask('select status from registry.tenants where id = $1', [tenant.id]),
    ).toEqual([{ status: 'active' }]);
    await world.at(tenant, "update app.projects set name = 'Apollo'");
    s3.put(`${tenant.id}/${randomUUID()}`, 'new');
    await expect(attempt({ folder, token })).rejects.toThrow(/any more \(objects\)/);

    appendFileSync(`${folder}/rows/app.notes.copy`, 'x\n');
    await expect(attempt({ folder, token })).rejects.toThrow(
      /rows\/app\.notes\.copy has \d+ bytes/,
    );
    rmSync(`${folder}/rows/app.notes.copy`);
    await expect(attempt({ folder, token })).rejects.toThrow(/rows\/app\.notes\.copy is missing/);
    expect((await inhabited.traces(tenant)).length).toBeGreaterThan(20);
  });
});
