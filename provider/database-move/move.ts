import { escapeIdentifier } from 'pg';
import { Interrupted, messageOf, UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { patiently } from '../tenancy/passing';
import { RefusedError } from '../tenancy/wanted';
import { compare } from './compare';
import { copyDatabase } from './copy';
import { handOver, makeDatabase, type Database } from './databases';
import { maintenanceDatabase, onServer, rowsOf, type Ends } from './ends';
import type { Fingerprints } from './fingerprints';
import {
  beginJournal,
  close,
  endJournal,
  limitsBefore,
  readJournal,
  reopen,
  wipe,
} from './journal';
import { survey, type Survey } from './look';
import { lend, makeRoles } from './roles';
import { toolsOnPath, type Tools } from './tools';

export interface MoveOptions {
  readonly tools?: Tools;
  /** Before the switch: everything is undone. */
  readonly signal?: AbortSignal;
  /** Told of each step, which is gone on with when it returns. */
  readonly tell?: (step: string) => void | Promise<void>;
}

/** What a move, or its rehearsal, came to. */
export interface MoveReport {
  readonly databases: number;
  readonly bytes: number;
  readonly tables: number;
  /** From the last write at the source to the first at the target; of a rehearsal, what that would have been. */
  readonly pauseSeconds: number;
  /** Whether this call switched, or found it done. */
  readonly switched: boolean;
}

/**
 * Moves everything on one Postgres server to another, new one, in a pause: roles with their passwords, and each database
 * whole, dumped and restored by Postgres' own programs. The target's admin need be no superuser.
 *
 * Nobody gets in at the source from the first step on, and nobody at the target before the last one, in which every row,
 * right and policy has been compared: so there is one server that takes writes, or none. Whatever goes wrong before leaves
 * the source open as it was, and nothing at the target. Killed at any point, the same call begins anew or finishes;
 * `undoMove` opens the source again. Throws all that is against it at once, before anything is done.
 *
 * Costs the space of the databases at the target, and as a pause the time of one copy and three readings of every row.
 */
export function moveDatabases(ends: Ends, options: MoveOptions = {}): Promise<MoveReport> {
  return alone(ends, () => moveAlone(ends, options));
}

async function moveAlone(ends: Ends, options: MoveOptions): Promise<MoveReport> {
  const plan = await movable(ends, options);
  if (plan.journal?.state === 'moved')
    return reportOf(plan, { tables: 0, seconds: 0, switched: false });
  const begun = performance.now();
  try {
    await wipe(ends);
    await close(ends);
    await options.tell?.('the source is shut');
    // What was made in the moment before.
    const all = await movable(ends, options);
    const tables = await copyAll(ends, all, options);
    await requireShut(ends);
    await endJournal(ends, all.roles);
    await options.tell?.('the target has taken over');
    return reportOf(all, { tables, seconds: (performance.now() - begun) / 1000, switched: true });
  } catch (error) {
    if (await hasSwitched(ends, error)) throw error;
    throw options.signal?.aborted
      ? new Interrupted('Interrupted: the source is open as it was, and nothing is at the target.')
      : error;
  }
}

/** Copies everything while the source is used, tells how long that took, and takes the copy away again. */
export function rehearseMove(ends: Ends, options: MoveOptions = {}): Promise<MoveReport> {
  return alone(ends, () => rehearseAlone(ends, options));
}

async function rehearseAlone(ends: Ends, options: MoveOptions): Promise<MoveReport> {
  const plan = await movable(ends, options);
  if (plan.journal?.state === 'moved')
    throw new UserError('The target has taken over already: there is nothing to rehearse.');
  if (plan.source.closed)
    throw new UserError(
      'The source is shut by a move that was interrupted: end that first, or undo it.',
    );
  const begun = performance.now();
  try {
    await wipe(ends);
    const tables = await copyAll(ends, plan, options, false);
    return reportOf(plan, { tables, seconds: (performance.now() - begun) / 1000, switched: false });
  } finally {
    await patiently(() => wipe(ends));
  }
}

/** Opens the source again, as it was, and takes away what is at the target. Throws when the target has taken over. */
export function undoMove(ends: Ends): Promise<void> {
  return alone(ends, () => undo(ends));
}

async function undo(ends: Ends): Promise<void> {
  const journal = await readJournal(ends);
  if (journal?.state === 'moved') {
    throw new UserError(
      'The target has taken over: what was written there since would be lost. To go back is to move again, the other way.',
    );
  }
  await wipe(ends);
  await reopen(ends);
}

/** One at a time: what one shuts and fills, another would open and empty. */
function alone<T>({ target }: Ends, work: () => Promise<T>): Promise<T> {
  return withClient(databaseAt(target, maintenanceDatabase), async (client) => {
    const [lock] = await rowsOf<{ mine: boolean }>(
      client,
      `select pg_try_advisory_lock(hashtextextended('strata_move', 0)) as mine`,
    );
    if (lock?.mine !== true) {
      throw new UserError(
        'A move to this target is going on, by another command: wait for it, or end it there.',
      );
    }
    return work();
  });
}

/** Whoever has opened the source meanwhile has let people write who would not be found at the target. */
async function requireShut({ source }: Ends): Promise<void> {
  if (await withClient(databaseAt(source, maintenanceDatabase), limitsBefore)) return;
  throw new UserError('Somebody has opened the source again while it was copied: move again.');
}

async function movable(ends: Ends, { tools = toolsOnPath }: MoveOptions): Promise<Survey> {
  const plan = await survey(ends, tools);
  if (plan.problems.length > 0)
    throw new RefusedError('The databases stay where they are', plan.problems);
  return plan;
}

/** Everything at the target, still shut. Returns how many tables were compared. */
async function copyAll(
  ends: Ends,
  { source, roles, memberships, databases }: Survey,
  { tools = toolsOnPath, signal, tell }: MoveOptions,
  quiet = true,
): Promise<number> {
  const names = roles.map(({ name }) => name);
  await beginJournal(ends, {
    source: source.systemIdentifier,
    roles: names,
    databases: databases.map(({ name }) => name),
  });
  await onServer(ends.target, async (client) => {
    await makeRoles(client, roles, memberships);
    await lend(client, names);
  });
  await tell?.(`${roles.length} roles are made`);
  const copied = new Map<Database, Fingerprints>();
  for (const [index, database] of databases.entries()) {
    signal?.throwIfAborted();
    await dropEmpty(ends, database);
    await makeDatabase(ends, database, names);
    copied.set(database, await copyDatabase(ends, database, { tools, signal }));
    await handOver(ends, database, names);
    await tell?.(`database ${database.name} is copied (${index + 1} of ${databases.length})`);
  }
  if (quiet) await compare(ends, copied, { tools, signal });
  await tell?.('every row is compared');
  return [...copied.values()].reduce((sum, { size }) => sum + size, 0);
}

/** A new server may have been made with a database that has a name and nothing in it. */
async function dropEmpty({ target }: Ends, { name }: Database): Promise<void> {
  await withClient(databaseAt(target, maintenanceDatabase), (client) =>
    client.query(`drop database if exists ${escapeIdentifier(name)}`),
  );
}

/**
 * What went wrong before the switch leaves no trace, unless that goes wrong too. True when it was after the switch. A lost
 * way to a server is opened again.
 */
async function hasSwitched(ends: Ends, error: unknown): Promise<boolean> {
  try {
    return await patiently(async () => {
      const journal = await readJournal(ends);
      if (journal?.state === 'moved') return true;
      await undo(ends);
      return false;
    });
  } catch (second) {
    const shut = await withClient(databaseAt(ends.source, maintenanceDatabase), limitsBefore).catch(
      () => true,
    );
    throw new UserError(
      `${messageOf(error)}\nThe move could not be undone either (${messageOf(second)}). No row is lost` +
        `${shut !== undefined ? ', but nobody gets in at the source' : ''}: run the same move again, or undo it, when the reason is gone.`,
    );
  }
}

function reportOf(
  { databases }: Survey,
  {
    tables,
    seconds,
    switched,
  }: { readonly tables: number; readonly seconds: number; readonly switched: boolean },
): MoveReport {
  return {
    databases: databases.length,
    bytes: databases.reduce((sum, { bytes }) => sum + bytes, 0),
    tables,
    pauseSeconds: Math.round(seconds * 10) / 10,
    switched,
  };
}
