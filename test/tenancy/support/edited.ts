import { createHash, randomUUID } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { exportTenant } from '../../../provider/tenancy/export';
import type { Manifest } from '../../../provider/tenancy/export-folder';
import { importTenant } from '../../../provider/tenancy/import';
import type { Tenant } from '../../../provider/tenancy/tenant';
import { InhabitedWorld } from './inhabited';

export type Edit = (folder: string, manifest: Manifest) => void;

/** A good export, copies of it that somebody changed, and a tenant that these could harm. */
export class EditedExports {
  private constructor(
    readonly inhabited: InhabitedWorld,
    readonly victim: Tenant,
    /** Counts of before any import. */
    readonly before: readonly Record<string, unknown>[],
  ) {}

  static async start(): Promise<EditedExports> {
    const inhabited = await InhabitedWorld.start();
    const { world, stores } = inhabited;
    const victim = await inhabited.inhabit('victim', { model: 'shared', shard: 'main' });
    const tenant = await inhabited.inhabit('acme', { model: 'shared', shard: 'main' });
    await exportTenant(stores, tenant, world.folder('acme'));
    return new EditedExports(inhabited, victim, await countsOf(inhabited));
  }

  stop(): Promise<void> {
    return this.inhabited.stop();
  }

  counts(): Promise<Record<string, unknown>[]> {
    return countsOf(this.inhabited);
  }

  /** A copy of a good folder that somebody changed; the manifest is written with what `edit` made of it. */
  changed(edit: Edit): string {
    const { world } = this.inhabited;
    const folder = world.folder(`edited-${randomUUID()}`);
    cpSync(world.folder('acme'), folder, { recursive: true });
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as Manifest;
    const written = JSON.stringify(manifest);
    edit(folder, manifest);
    if (JSON.stringify(manifest) !== written) {
      writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest));
    }
    return folder;
  }

  import(folder: string): Promise<Tenant> {
    const { world, stores } = this.inhabited;
    return importTenant(world.platform, stores, folder, { model: 'schema', as: { slug: 'copy' } });
  }
}

/** Other rows for a table, with everything that vouches for them. */
export function rows(folder: string, manifest: Manifest, name: string, text: string): void {
  writeFileSync(`${folder}/rows/${name}.copy`, text);
  const table = manifest.tables.find((one) => one.name === name);
  if (!table) throw new Error(name);
  Object.assign(table, {
    rows: text.split('\n').length - 1,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  });
}

/** Counts of what an import could write. */
function countsOf(inhabited: InhabitedWorld): Promise<Record<string, unknown>[]> {
  return inhabited.world.ask(
    `select (select count(*) from registry.tenants) as tenants, (select count(*) from registry.users) as users,
       (select count(*) from registry.members) as members, (select count(*) from app.samples) as samples,
       (select count(*) from app.notes) as notes, (select count(*) from storage.files) as files`,
  );
}
