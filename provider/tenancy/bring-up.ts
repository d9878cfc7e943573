import type { Client, QueryResult } from 'pg';
import { quoteName } from '../../components/tenancy/identifiers';
import type { Place } from '../../components/tenancy/places';
import { statements } from '../../components/tenancy/statements';
import { UserError } from '../../engine/errors';
import { describeSqlError } from '../database/errors';
import { settingsOf, sha256, type Home } from '../database/migration-file';
import { fenceChanges } from './fence-changes';
import { atPlace } from './place-lock';
import { fencesAt, type TenancyPlan } from './plan';
import { refuseUnsafeShape } from './table';
import { dropUnfinishedIndexes } from './unfinished-indexes';

type File = TenancyPlan['migrations'][number];

/** A migration as a place's own ledger has it. */
export interface Applied {
  readonly name: string;
  readonly sha256: string;
}

/** A place that is being brought up. */
interface Work {
  /** Connected as the migrator to the place's database. */
  readonly client: Client;
  readonly place: Place;
  readonly tenantId: string;
  readonly plan: TenancyPlan;
  /** The first place of its kind: what the same SQL makes in all others is examined here. */
  readonly first?: boolean;
}

/** How a place stands, by its own database. */
export interface Standing {
  /** The version of the plan that it was last brought to; undefined when it never was. */
  readonly version: string | undefined;
  /** Hash of the fences that were put up. */
  readonly fences: string | undefined;
  readonly applied: readonly Applied[];
}

/** What was done at a place. */
export interface Brought {
  /** False where it was at the version of the plan already. */
  readonly changed: boolean;
  /** The migrations that this took. */
  readonly names: readonly string[];
  /** Everything that its ledger has now. */
  readonly applied: readonly Applied[];
}

/** How long a change waits for somebody's lock on a table before it gives up, and everybody behind it goes on. */
const lockTimeout = '5s';

/**
 * Brings a tenant's own tables to the plan.
 *
 * Pending migrations and the fences are one transaction: the place is as it was or as it is to be, never between. A file
 * marked "no transaction" ends the transaction before it and runs by itself. Fences stay where neither the rules changed
 * nor anything around the tables. Where nothing is pending it costs three small queries.
 * Throws with file and line what Postgres refused, when the text of an applied migration is another now, and `PlaceBusy`
 * while somebody else works at the place.
 */
export function bringUp(work: Work): Promise<Brought> {
  const { client, place, plan } = work;
  return atPlace(client, place, async () => {
    const standing = await standingOf(client, place);
    if (standing.version === plan.version) {
      return { changed: false, names: [], applied: standing.applied };
    }
    const pending = pendingFiles(work, standing);
    await client.query(`set lock_timeout = '${lockTimeout}'`);
    await inSteps(work, pending, standing);
    const added = pending.map(({ name, sql }) => ({ name, sha256: sha256(sql) }));
    return {
      changed: true,
      names: pending.map(({ name }) => name),
      applied: [...standing.applied, ...added],
    };
  });
}

/** Asked again and again on the same connection, so it is planned once. */
export async function standingOf(client: Client, place: Place): Promise<Standing> {
  const { rows } = await client.query<{ comment: string | null; applied: Applied[] }>({
    name: 'standing',
    text: `select obj_description(to_regnamespace($1)::oid, 'pg_namespace') as comment, coalesce((
        select jsonb_agg(jsonb_build_object('name', name, 'sha256', sha256) order by name)
        from strata.migrations where scope = $2), '[]') as applied`,
    values: [place.schema, ledgerScope(place)],
  });
  const [, version, fences] = /^Strata (\w+)(?: (\w+))?$/.exec(rows[0]?.comment ?? '') ?? [];
  return { version, fences, applied: rows[0]?.applied ?? [] };
}

/** In which scope of the ledger the migrations of a place stand. */
export function ledgerScope({ model, schema }: Place): string {
  return model === 'schema' ? schema : 'app';
}

async function inSteps(work: Work, pending: readonly File[], standing: Standing): Promise<void> {
  let rest = pending;
  let alone = rest.findIndex(({ transaction }) => !transaction);
  // Fences that stay must have been seen before anything was done.
  const known = alone < 0 ? standing.fences : undefined;
  for (; alone >= 0; alone = rest.findIndex(({ transaction }) => !transaction)) {
    const [file] = rest.slice(alone);
    if (alone > 0) {
      await inTransaction(work.client, async (id) => {
        await applyAll(work, rest.slice(0, alone), id);
        return '';
      });
    }
    if (file) await applyAlone(work, file);
    rest = rest.slice(alone + 1);
  }
  await inTransaction(work.client, async (id) => {
    const changed = await fenceChanges(work, known);
    await applyAll(work, rest, id);
    return fence(work, await changed());
  });
}

function pendingFiles({ place, plan }: Work, standing: Standing): File[] {
  const applied = new Map(standing.applied.map((row) => [row.name, row.sha256]));
  const changed = plan.migrations.filter(
    ({ name, sql }) => (applied.get(name) ?? sha256(sql)) !== sha256(sql),
  );
  if (changed.length > 0) {
    throw new UserError(
      `${changed.map(({ name }) => `app/${name}`).join(', ')} has another text now than when it was applied in ` +
        `${place.database}.${place.schema}: an applied migration never changes. Restore it and put the change into a new file.`,
    );
  }
  return plan.migrations.filter(({ name }) => !applied.has(name));
}

async function applyAll(work: Work, files: readonly File[], transaction: string): Promise<void> {
  for (const file of files) {
    const started = Date.now();
    await run(work, file, 'set local');
    const id = await lastOf(work.client, `reset role; ${entry(work, file, started)}; ${currentId}`);
    if (id !== transaction) {
      throw new UserError(
        'a migration ends its own transaction (commit or rollback): leave that to the runner, or mark the file ' +
          '"-- strata: no transaction"',
      );
    }
  }
}

async function applyAlone(work: Work, file: File): Promise<void> {
  const started = Date.now();
  await dropUnfinishedIndexes(work.client, work.place.schema);
  try {
    await run(work, file, 'set');
  } finally {
    await work.client.query(
      'reset role; reset search_path; reset row_security; reset strata.narrowed_to',
    );
  }
  await work.client.query(entry(work, file, started));
}

async function run(work: Work, file: File, set: 'set' | 'set local'): Promise<void> {
  await work.client.query(settingsOf(file.role, homeOf(work), set));
  await work.client.query(file.sql).catch((error: unknown) => {
    const at = `app/${file.name}.sql in ${work.place.schema}`;
    throw describeSqlError(error, at, file.sql, file.name);
  });
}

/** Of a database of its own the registry shows a tenant who shares its tables with nobody. */
function homeOf({ place: { model, schema }, tenantId }: Work): Home {
  return { schema, tenants: model === 'schema' ? tenantId : 'shared' };
}

/** What enters an applied migration into the place's ledger. */
function entry({ client, place }: Work, file: File, started: number): string {
  const values = [ledgerScope(place), file.name, sha256(file.sql)].map((one) =>
    client.escapeLiteral(one),
  );
  return `insert into strata.migrations (scope, name, sha256, duration_ms) values (${values.join(', ')}, ${String(Date.now() - started)})`;
}

/** Puts up the fences, where they have to be; what is left to be said before the end of the transaction. */
async function fence(work: Work, { hash, stay }: { hash: string; stay: boolean }): Promise<string> {
  const { client, place, tenantId, plan, first = false } = work;
  const asOwner = 'set local role strata_owner';
  if (!stay) {
    await client.query(asOwner);
    for (const wanted of fencesAt(plan, place, tenantId)) {
      if (first) await refuseUnsafeShape(client, wanted.table, wanted.shared);
      const sql = statements(wanted).join(';\n');
      await client.query(sql).catch((error: unknown) => {
        throw describeSqlError(error, `fence of ${wanted.table}`, sql);
      });
    }
  }
  const comment = client.escapeLiteral(`Strata ${plan.version} ${hash}`);
  return `${asOwner}; comment on schema ${quoteName(place.schema)} is ${comment}`;
}

/** A file that ends the transaction would leave its tenant half changed: it is noticed, and the rest is not done. */
async function inTransaction(client: Client, work: (id: string) => Promise<string>): Promise<void> {
  try {
    const id = await lastOf(
      client,
      `begin; set local lock_timeout = '${lockTimeout}'; ${currentId}`,
    );
    const last = await work(id);
    await client.query(`${last}; commit`);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

const currentId = 'select pg_current_xact_id()::text as id';

/** Runs several statements in one message; the id that the last one selects. */
async function lastOf(client: Client, text: string): Promise<string> {
  const results = (await client.query(text)) as unknown as readonly QueryResult<{ id: string }>[];
  return results.at(-1)?.rows[0]?.id ?? '';
}
