import { expect } from 'vitest';
import { withClient } from '../../../provider/database/connect';
import { directives } from '../../../provider/database/migration-file';
import { placeUrl } from '../../../provider/tenancy/clusters';
import { fanOut, type FanOutOptions } from '../../../provider/tenancy/fan-out';
import { migrationStatus, type MigrationStatus } from '../../../provider/tenancy/fan-out-ledger';
import type { FanOutReport } from '../../../provider/tenancy/fan-out-report';
import type { TenancyPlan } from '../../../provider/tenancy/plan';
import type { Platform } from '../../../provider/tenancy/provision';
import { placeOfTenant, type Tenant } from '../../../provider/tenancy/tenant';
import { planWith } from './platform';
import { asAdmin, expectLedgerToBeTrue, settle, startWorld, type World } from './population';

/** 42 tenants with places of their own, in both models on two clusters, and the plan that they were brought to last. */
export class FanOutWorld {
  readonly tenants: Tenant[] = [];

  private constructor(
    readonly world: World,
    public platform: Platform,
  ) {}

  /** Slugs sort so that the first of each kind is a00, a01, a02, a03. */
  static async start(): Promise<FanOutWorld> {
    const world = await startWorld();
    const all = new FanOutWorld(world, world.platform);
    for (let index = 0; index < 42; index += 1) {
      const slug = `a${String(index).padStart(2, '0')}`;
      const model = index % 4 < 2 ? 'schema' : 'database';
      all.tenants.push(await settle(all.platform, slug, model, index % 2 === 0 ? 'main' : 'east'));
    }
    return all;
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  tenant(slug: string): Tenant {
    const found = this.tenants.find((one) => one.slug === slug);
    if (!found) throw new Error(slug);
    return found;
  }

  /** The platform with one more migration. */
  extended(name: string, sql: string, from: Platform = this.platform): Platform {
    const file = { scope: 'app', name, sql, ...directives(sql) } as const;
    return { ...from, plan: planWith({ migrations: [...from.plan.migrations, file] }) };
  }

  run(plan: TenancyPlan, options: FanOutOptions = {}): Promise<FanOutReport> {
    this.platform = { ...this.platform, plan };
    return fanOut(this.platform, options);
  }

  /** Everybody is at the plan, and it is the one that the next test begins with. */
  async bring(next: Platform): Promise<void> {
    this.platform = next;
    expect(await fanOut(next)).toMatchObject({ total: 42, done: 42, failed: [] });
    await this.expectAllAt(next.plan);
  }

  async expectAllAt(plan: TenancyPlan): Promise<void> {
    const versions = await expectLedgerToBeTrue(this.platform);
    expect(versions).toEqual(
      Object.fromEntries(this.tenants.map(({ slug }) => [slug, plan.version])),
    );
    const status = await migrationStatus({ ...this.platform, plan });
    expect(status.filter(({ behind, error }) => behind.length > 0 || error)).toEqual([]);
  }

  async statusOf(at: Platform, slug: string): Promise<MigrationStatus | undefined> {
    return (await migrationStatus(at)).find((one) => one.slug === slug);
  }

  async note(of: Tenant, body: string): Promise<void> {
    await asAdmin(this.world, of, async (client) => {
      await client.query("insert into projects (name) values ('P') on conflict do nothing");
      await client.query('insert into notes (project_id, body) select id, $1 from projects', [
        body,
      ]);
    });
  }

  async removeNotes(of: Tenant): Promise<void> {
    const place = placeOfTenant(of);
    await withClient(placeUrl(this.platform.clusters, place), async (client) => {
      await client.query('set role strata_maintenance');
      await client.query(`delete from ${place.schema}.notes where tenant_id = $1`, [of.id]);
    });
  }
}
