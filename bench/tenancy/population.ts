import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { placeOf, type Model } from '../../components/tenancy/places';
import { asMaintenance, withClient } from '../../provider/database/connect';
import { databaseAt } from '../../provider/tenancy/clusters';
import { fanOut } from '../../provider/tenancy/fan-out';
import { refuseFailures } from '../../provider/tenancy/fan-out-report';
import type { TenancyPlan } from '../../provider/tenancy/plan';
import { provision, type Platform } from '../../provider/tenancy/provision';
import type { Tenant } from '../../provider/tenancy/tenant';
import type { Server } from '../../test/sql/support/server';
import { platformOf } from '../../test/tenancy/support/platform';
import { script, type Script } from './naive';
import type { Way } from './turns';

/** The models in which a tenant has tables of its own. */
export type OwnModel = Exclude<Model, 'shared'>;

/** How many tenants Strata works at at the same time. */
const workers = 4;

/** Tenants of one model, some made by Strata and some by the script. */
export class Population {
  readonly #platform: Platform;
  readonly #tenants = { Strata: [] as Tenant[], script: [] as Tenant[] };
  readonly #script: Script;
  #changes = 0;

  constructor(
    readonly server: Server,
    readonly plan: TenancyPlan,
    readonly model: OwnModel,
  ) {
    this.#platform = platformOf({ main: server }, plan);
    this.#script = script(plan, model);
  }

  provisioned(): Way {
    return repeatedly(async () => {
      const tenants = await this.#register('Strata', workers);
      return timed(tenants.length, () => this.#provision(tenants));
    });
  }

  scripted(): Way {
    return repeatedly(async () => {
      const tenants = await this.#register('script', 1);
      return timed(tenants.length, () => this.#runScript(tenants, this.#script));
    });
  }

  /** More tenants or fewer, until there are that many of both. */
  async populate(count: number): Promise<void> {
    for (const who of ['Strata', 'script'] as const) {
      const missing = Math.max(0, count - this.#tenants[who].length);
      const tenants = await this.#register(who, missing);
      if (who === 'Strata') await this.#provision(tenants);
      else await this.#runScript(tenants, this.#script);
      this.#tenants[who].splice(count);
    }
    // A fan-out goes to all tenants that are active.
    await asMaintenance(this.server.url('strata_migrator', 'strata'), (client) =>
      client.query(`update registry.tenants set status = 'active' where id = any ($1)`, [
        this.#tenants.Strata.map(({ id }) => id),
      ]),
    );
  }

  /** More tenants of Strata, until there are that many; then what autovacuum would have done, which is off here. */
  async grow(count: number): Promise<void> {
    const tenants = await this.#register(
      'Strata',
      Math.max(0, count - this.#tenants.Strata.length),
    );
    await this.#provision(tenants);
    await withClient(this.server.url('postgres', 'strata'), (client) =>
      client.query('vacuum analyze'),
    );
  }

  changed(): Way {
    return repeatedly(async () => {
      const platform = { ...this.#platform, plan: this.#next() };
      return timed(this.#tenants.Strata.length, async () => {
        refuseFailures(await fanOut(platform, { workers }));
      });
    });
  }

  changedByScript(): Way {
    return repeatedly(async () => {
      const sql = change((this.#changes += 1));
      return timed(this.#tenants.script.length, () =>
        this.#runScript(this.#tenants.script, () => [sql]),
      );
    });
  }

  /** The plan with one more change in it than the last time. */
  #next(): TenancyPlan {
    this.#changes += 1;
    const [first] = this.plan.migrations;
    if (!first) throw new Error('the example application has no migration');
    const name = `${String(900 + this.#changes)}_change`;
    const migrations = [...this.plan.migrations, { ...first, name, sql: change(this.#changes) }];
    return { ...this.plan, migrations, version: `bench${this.#changes}` };
  }

  /** Tenants that the registry has and that have no place. */
  async #register(who: 'Strata' | 'script', count: number): Promise<Tenant[]> {
    const tenants = Array.from({ length: count }, (): Tenant => {
      const id = randomUUID();
      const slug = `bench-${id}`;
      const common = { shard: 'main', status: 'provisioning', generation: 1 } as const;
      return { id, slug, name: slug, model: this.model, ...common };
    });
    await asMaintenance(this.server.url('strata_migrator', 'strata'), (client) =>
      client.query(
        `insert into registry.tenants (id, slug, name, model, status) select t.*, $3, 'provisioning' from unnest($1::uuid[], $2::text[]) as u (id, slug), lateral (select u.id, u.slug, u.slug) as t`,
        [tenants.map(({ id }) => id), tenants.map(({ slug }) => slug), this.model],
      ),
    );
    this.#tenants[who].push(...tenants);
    return tenants;
  }

  async #provision(tenants: readonly Tenant[]): Promise<void> {
    const rest = [...tenants];
    await Promise.all(
      Array.from({ length: workers }, async () => {
        for (let one = rest.shift(); one !== undefined; one = rest.shift()) {
          await provision(this.#platform, one);
        }
      }),
    );
  }

  async #runScript(tenants: readonly Tenant[], make: Script): Promise<void> {
    const url = this.server.url('postgres', 'strata');
    const each = async (client: Client, tenant: Tenant, sql: readonly string[]): Promise<void> => {
      const { schema } = placeOf(tenant.id, this.model);
      await client.query(`set search_path = ${schema}`);
      for (const one of sql) await client.query(one);
    };
    await withClient(url, async (client) => {
      for (const tenant of tenants) {
        const place = placeOf(tenant.id, this.model);
        const sql = make(tenant, place);
        if (this.model === 'schema') await each(client, tenant, sql);
        else {
          const known = await client.query('select from pg_database where datname = $1', [
            place.database,
          ]);
          if (!known.rowCount) await client.query(`create database ${place.database}`);
          await withClient(databaseAt(url, place.database), (own) => each(own, tenant, sql));
        }
      }
    });
  }
}

function change(number: number): string {
  return `alter table notes add column extra_${number} text; create index on notes (tenant_id, extra_${number})`;
}

/** A way that does its work once at least, and measures it itself: what it prepares does not count. */
function repeatedly(once: () => Promise<{ count: number; seconds: number }>): Way {
  return async (milliseconds) => {
    let count = 0;
    let seconds = 0;
    do {
      const one = await once();
      count += one.count;
      seconds += one.seconds;
    } while (seconds * 1000 < milliseconds);
    return count / seconds;
  };
}

async function timed(
  count: number,
  work: () => Promise<unknown>,
): Promise<{ count: number; seconds: number }> {
  const started = performance.now();
  await work();
  return { count, seconds: (performance.now() - started) / 1000 };
}
