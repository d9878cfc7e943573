import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { mainShard } from '../../components/tenancy/places';
import { withClient } from '../database/connect';
import type { Catalogue } from './catalogue';
import { claimSources } from './claims';
import { declaredTables } from './declared';
import { type Finding, inOrder } from './finding';
import { floors } from './floors';
import { grants } from './grants';
import { hasuraFindings } from './hasura';
import { keys } from './keys';
import { type ExpectedFile, ledgerFindings } from './ledger';
import { tenantTables } from './names';
import { conditions, writeChecks } from './policies';
import { policyFunctions } from './policy-functions';
import { probeLogin } from './probes';
import { readCatalogue } from './read';
import { type RegisteredTenant, readTenants, registryFindings, settled } from './registry';
import { replication } from './replication';
import { roles } from './roles';
import { routines } from './routines';
import { fences, tenantColumns } from './tables';
import { hasuraVersion, postgresVersion } from './versions';
import { partitions, views } from './views';

/** What an audit is given besides the database. Whatever is not given is not looked at. */
export interface AuditOptions {
  /** Tables of `tenancy.ts` with rows of tenants: `app.notes`. Without them no table is unknown. */
  readonly tables?: readonly string[];
  /** Its tables whose rows are no tenant's. */
  readonly shared?: readonly string[];
  /** Files that the ledger is compared with. */
  readonly files?: readonly ExpectedFile[];
  /** Hasura's metadata, version 3, as `export_metadata` answers it. */
  readonly metadata?: unknown;
  /** Version of Hasura's engine: `v2.48.1`. */
  readonly hasura?: string;
  /** Login → connection URL: each is probed, in transactions that are rolled back. */
  readonly logins?: Readonly<Record<string, string>>;
  /** The shard that this database is on; `main` when absent. */
  readonly shard?: string;
  /** Connects as strata_migrator to the platform's own database: its registry has the tenants of every other shard. */
  readonly registry?: string;
  /** Is told what could not be looked at, and why. */
  readonly skipped?: (what: string) => void;
}

/**
 * The fifteen checks of isolation on one live database.
 *
 * `url` is of any login of the database: strata_auditor sees the whole catalogue, strata_migrator the registry and the
 * ledger too. It changes nothing: one read-only transaction, and for each login that is given transactions that are
 * rolled back. Costs about twenty queries on the catalogue, whatever the number of rows. Findings come by check and object; none is a clean database.
 * Throws `UnreachableError` when a session cannot be had and `UserError` for metadata that is none.
 *
 * @example
 * const findings = await audit(url, { tables: Object.keys(declaration.tables) });
 */
export function audit(url: string, options: AuditOptions = {}): Promise<Finding[]> {
  return withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    return auditWithin(client, options);
  });
}

/** The same on a client that is in a transaction already, whose own changes are so looked at too; it stays open. */
export async function auditWithin(client: Client, options: AuditOptions = {}): Promise<Finding[]> {
  const {
    tables,
    shared = [],
    files,
    metadata,
    hasura,
    logins = {},
    shard = mainShard,
    skipped,
  } = options;
  const before = await readRegistry(client, options);
  if (!before) skipped?.(`the registry: ${whyNoRegistry(options)}`);
  const catalogue = await readCatalogue(client, shared);
  // That of a shard is read in another snapshot than the catalogue: before it and after it.
  const after = shard === mainShard ? before : await readRegistry(client, options);
  const tenants = before && settled(before, after ?? before);
  const ledger = files && (await ledgerFindings(client, files));
  if (files && !ledger) skipped?.('the ledger: this login may not read it, strata_migrator may');
  const canaries = [tenants?.[0]?.id ?? randomUUID(), tenants?.[1]?.id ?? randomUUID()] as const;
  const probed: Finding[] = [];
  for (const [login, url] of Object.entries(logins)) {
    probed.push(...(await probeLogin(login, url, tenantTables(catalogue), canaries)));
  }
  return inOrder([
    ...fromCatalogue(catalogue),
    ...(tables ? declaredTables(catalogue, [...tables, ...shared]) : []),
    ...(tenants ? registryFindings(catalogue, tenants, shard) : []),
    ...(ledger ?? []),
    ...(metadata === undefined ? [] : hasuraFindings(metadata, tables, shared)),
    ...(hasura === undefined ? [] : hasuraVersion(hasura)),
    ...probed,
  ]);
}

/** A shard has copies of its tenants only, so whose its databases are is for the platform's own database to say. */
async function readRegistry(
  client: Client,
  { shard = mainShard, registry }: AuditOptions,
): Promise<RegisteredTenant[] | undefined> {
  if (shard === mainShard) return readTenants(client);
  return registry === undefined ? undefined : readElsewhere(registry);
}

function readElsewhere(url: string): Promise<RegisteredTenant[] | undefined> {
  return withClient(url, async (client) => {
    await client.query('begin read only');
    return readTenants(client);
  });
}

function whyNoRegistry({ shard = mainShard, registry }: AuditOptions): string {
  return shard === mainShard || registry !== undefined
    ? 'this login may not read it, strata_migrator may'
    : "it stands in the platform's own database (--stack instead of --url)";
}

/** Everything that the catalogue alone tells. Pure. */
function fromCatalogue(catalogue: Catalogue): Finding[] {
  return [
    fences,
    tenantColumns,
    floors,
    conditions,
    writeChecks,
    policyFunctions,
    claimSources,
    roles,
    grants,
    routines,
    views,
    partitions,
    keys,
    replication,
    ({ version }: Catalogue) => postgresVersion(version),
  ].flatMap((check) => check(catalogue));
}
