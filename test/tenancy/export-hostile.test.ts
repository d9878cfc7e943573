import {
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importTenant } from '../../provider/tenancy/import';
import { EditedExports, type Edit } from './support/edited';
import { s3StandIn } from './support/s3';

let edited: EditedExports;

beforeAll(async () => {
  edited = await EditedExports.start();
});

afterAll(() => edited.stop());

const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('nothing there');
  return item;
};

describe(`a folder is refused and nothing is written ${s3StandIn}`, () => {
  const cases: Record<string, [Edit, RegExp]> = {
    'without a manifest': [(folder) => rmSync(`${folder}/manifest.json`), /was not finished/],
    'whose manifest is no JSON': [
      (folder) => writeFileSync(`${folder}/manifest.json`, '{'),
      /manifest\.json is no JSON/,
    ],
    'whose manifest would fill the memory': [
      (folder) => truncateSync(`${folder}/manifest.json`, 300 * 1024 * 1024),
      /manifest\.json is too long/,
    ],
    'whose manifest is a link': [
      (folder) => {
        renameSync(`${folder}/manifest.json`, `${folder}/other`);
        symlinkSync(`${folder}/other`, `${folder}/manifest.json`);
      },
      /no export of a tenant/,
    ],
    'with a row changed': [
      (folder) => {
        const file = `${folder}/rows/app.notes.copy`;
        writeFileSync(file, readFileSync(file, 'utf8').replace('Written', 'Wratten'));
      },
      /rows\/app\.notes\.copy is not what was exported/,
    ],
    'with a row more': [
      (folder) => writeFileSync(`${folder}/rows/app.codes.copy`, 'x\t\\N\n', { flag: 'a' }),
      /rows\/app\.codes\.copy has \d+ bytes, and \d+ were exported/,
    ],
    'with rows miscounted': [
      (_folder, { tables }) => (first(tables).rows += 1),
      /has 6 rows, and the manifest says 7/,
    ],
    'with a file missing': [
      (folder) => rmSync(`${folder}/rows/app.projects.copy`),
      /rows\/app\.projects\.copy is missing/,
    ],
    'with a file that nobody exported': [
      (folder) => writeFileSync(`${folder}/rows/app.more.copy`, ''),
      /rows\/app\.more\.copy is not in manifest\.json/,
    ],
    'with a file that is a link': [
      (folder) => {
        renameSync(`${folder}/rows/app.notes.copy`, `${folder}/../secret`);
        symlinkSync(`${folder}/../secret`, `${folder}/rows/app.notes.copy`);
      },
      /rows\/app\.notes\.copy is no plain file/,
    ],
    'with a folder that is a link': [
      (folder) => {
        renameSync(`${folder}/objects`, `${folder}-objects`);
        symlinkSync(`${folder}-objects`, `${folder}/objects`);
      },
      /objects is not in manifest\.json/,
    ],
    'with a table by a path': [
      (_folder, { tables }) => (first(tables).name = '../../etc/passwd'),
      /tables\.0\.name/,
    ],
    'with an object by a path': [
      (_folder, { objects }) => (first(objects).id = `../${randomUUID()}/x`),
      /objects\.0\.id/,
    ],
    'with a table twice': [
      (_folder, { tables }) => tables.push(first(tables)),
      /names the table app\.codes twice/,
    ],
    'with a word that is not known': [
      (_folder, manifest) => Object.assign(manifest, { shard: 'east' }),
      /Unrecognized key/,
    ],
    'with a table of the platform': [
      (folder, { tables }) => {
        renameSync(`${folder}/rows/app.codes.copy`, `${folder}/rows/registry.api_keys.copy`);
        first(tables).name = 'registry.api_keys';
      },
      /this platform has no table registry\.api_keys/,
    ],
    'with a column more, such as the tenant': [
      (_folder, { tables }) => first(tables).columns.push('tenant_id'),
      /app\.codes has the columns code, sample_id here and code, sample_id, tenant_id in the export/,
    ],
    'with somebody else under a handle': [
      (_folder, { members }) => (first(members).id = randomUUID()),
      /is somebody else here, with another id/,
    ],
    'with somebody of this platform under another handle': [
      (_folder, { members }) => (first(members).handle = 'mallory'),
      /the user mallory of the export is called .* here/,
    ],
  };

  test.each(Object.entries(cases))('%s', async (_name, [edit, reason]) => {
    await expect(edited.import(edited.changed(edit))).rejects.toThrow(reason);
    expect(await edited.counts()).toEqual(edited.before);
  });

  test('of a tenant that is here', async () => {
    const { world, stores } = edited.inhabited;
    await expect(
      importTenant(world.platform, stores, world.folder('acme'), { model: 'shared' }),
    ).rejects.toThrow(/the tenant acme \(.*\) is here already, active/);
    await expect(
      importTenant(world.platform, stores, world.folder('acme'), {
        model: 'shared',
        as: { slug: 'victim' },
      }),
    ).rejects.toThrow(/the tenant victim \(.*\) is here already/);
    await expect(
      importTenant(world.platform, stores, world.folder('acme'), {
        model: 'shared',
        shard: 'mars',
      }),
    ).rejects.toThrow(/There is no shard "mars"/);
    expect(await edited.counts()).toEqual(edited.before);
  });
});
