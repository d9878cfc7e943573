import { z } from 'zod';
import { UserError } from '../../engine/errors';
import { audit as auditOf } from '../audit/audit';
import type { Finding } from '../audit/finding';
import { readLive } from '../database/connect';
import type { Changes, Resource } from '../host/resource';

/**
 * The audit of isolation as a gate of the deployment: made when all migrations and fences are, before any service.
 *
 * Fails with every finding in words, so that a database in which tenants could meet never gets services. A database that
 * somebody opened by hand afterwards shows as drift in a refresh, and the next deployment fails with what was found.
 * Changes nothing; deleting it deletes nothing. Costs about twenty queries of the catalogue.
 */
export interface AuditInputs {
  /** Secret: connects as the migrator; a changed URL is no change of what was audited. */
  url: string;
  cluster: string;
  /** Changes with every migration and declaration: what was audited before is looked at again. */
  schema: string;
  /** Declared tables with rows of tenants. */
  tables: string[];
  /** Declared tables whose rows are no tenant's. */
  shared: string[];
  /** The shard that this cluster is. */
  shard: string;
  /** Secret: connects as the migrator to the platform's own database, whose registry knows the tenants of each shard. */
  registry: string;
}

export interface AuditState extends AuditInputs {
  /** What is found now, a line each; nothing after a deployment. */
  live: string[];
}

export const audit: Resource<AuditInputs, AuditState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    schema: z.string(),
    tables: z.array(z.string()),
    shared: z.array(z.string()),
    shard: z.string(),
    registry: z.string(),
  }),
  computed: ['live'],
  volatile: ['live'],

  diff(state, inputs): Changes {
    const changes: Changes = {};
    for (const name of ['cluster', 'schema'] as const) {
      if (state[name] !== inputs[name]) changes[name] = 'update';
    }
    for (const name of ['tables', 'shared'] as const) {
      if (canonical(state[name]) !== canonical(inputs[name])) changes[name] = 'update';
    }
    if (state.live.length > 0) changes.live = 'update';
    return changes;
  },

  async create(inputs, context) {
    return { id: 'audit', state: await pass(inputs, context.warn.bind(context)) };
  },

  read: (_id, state) =>
    readLive(state.url, state, async () => ({ ...state, live: (await found(state)).map(line) })),

  update: (_id, _state, inputs, context) => pass(inputs, context.warn.bind(context)),

  delete: () => Promise.resolve(),
};

async function pass(inputs: AuditInputs, warn: (text: string) => void): Promise<AuditState> {
  const findings = await found(inputs, (what) => {
    warn(`the audit did not look at ${what}`);
  });
  if (findings.length > 0) {
    throw new UserError(
      `The audit found by what tenants could meet, so nothing is put on this database:\n${findings
        .map((finding) => `  - ${line(finding)}`)
        .join('\n')}`,
    );
  }
  return { ...inputs, live: [] };
}

function found(
  { url, tables, shared, shard, registry }: AuditInputs,
  skipped?: (what: string) => void,
): Promise<Finding[]> {
  return auditOf(url, { tables, shared, shard, registry, ...(skipped && { skipped }) });
}

function line({ check, id, object, problem, remedy }: Finding): string {
  const mend = 'sql' in remedy ? `mended by: ${remedy.sql}` : `to do: ${remedy.step}`;
  return `${object}: ${problem} (check ${String(check)}, ${id}); ${mend}`;
}

function canonical(list: readonly string[]): string {
  return JSON.stringify([...list].sort());
}
