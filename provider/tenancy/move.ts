import type { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { placeOf, type Model, type Place } from '../../components/tenancy/places';
import { Interrupted, messageOf, UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { clusterUrl, placeUrl } from './clusters';
import { enforce, exclusively } from './lifecycle';
import { beginMove, endMove, findMove, type Move } from './move-journal';
import { keepShut, open } from './move-pause';
import { follow, type Switched } from './move-follow';
import { patiently } from './passing';
import { atPlace, lockable } from './place-lock';
import { provision, synchronise, type Platform } from './provision';
import { findTenant, inRegistry, type Registered } from './registry';
import { roomProblems } from './shard-room';
import { placeOfTenant } from './tenant';
import { placeProblems, RefusedError } from './wanted';
import { shareRole, withdraw } from './withdraw';

export interface MoveOptions {
  /** How long old rows stay after the switch, in milliseconds: longer than the five seconds for which APIs remember. */
  readonly graceMs?: number;
  /** How long writers are made to wait for one that is in the middle of a transaction, in milliseconds. */
  readonly lockMs?: number;
  /** How long a moment without such a transaction is looked for, in milliseconds. */
  readonly patienceMs?: number;
  /** Before the switch: everything is undone. After it: old rows stay until the move is run again. */
  readonly signal?: AbortSignal;
  /** Told of each step, which is gone on with when it returns. */
  readonly tell?: (message: string) => void | Promise<void>;
}

/** What a move came to; undefined figures of one that only had its old rows left. */
export interface MoveReport extends Partial<Switched> {
  readonly slug: string;
  readonly from: Pick<Place, 'model' | 'shard'>;
  readonly to: Pick<Place, 'model' | 'shard'>;
}

const defaults = { graceMs: 60_000, lockMs: 1_000, patienceMs: 60_000 };

/**
 * Moves a tenant's rows to another model or shard while it is used. Readers notice nothing; writers wait for the pause at
 * the end, in which the last changes are copied and every row is compared, and are then sent on (SQLSTATE ST001: the same
 * request again finds the new place). A difference, or anything that goes wrong before the switch, leaves the tenant
 * where it is, and nothing at the new place.
 *
 * Interrupted at any point, the same call ends it: undone and begun anew before the switch, finished after it. Old rows
 * go `graceMs` after the switch. Throws one sentence; costs two copies of the rows over the network, and the space of one.
 */
export async function moveTenant(
  platform: Platform,
  slugOrId: string,
  target: { readonly model: Model; readonly shard: string },
  options: MoveOptions = {},
): Promise<MoveReport> {
  const { clusters } = platform;
  const { id, slug } = await findTenant(clusters, slugOrId);
  const to = placeOf(id, target.model, target.shard);
  clusterUrl(clusters, to.shard);
  return exclusively(
    clusters,
    slug,
    async () => {
      const begun = await findMove(clusters, id);
      if (begun) await endOrUndo(platform, begun, options);
      const tenant = await findTenant(clusters, id);
      refuseUnmovable(tenant);
      const from = placeOfTenant(tenant);
      const between = { slug, from: begun && isDeepStrictEqual(from, to) ? begun.from : from, to };
      if (isDeepStrictEqual(from, to)) return between;
      const problems = placeProblems(platform.plan, to);
      if (problems.length > 0) throw new RefusedError(`${slug} stays where it is`, problems);
      if (from.shard !== to.shard) await refuseFull(platform, tenant, to);
      return { ...between, ...(await moveNow(platform, tenant, to, options)) };
    },
    options.tell,
  );
}

async function moveNow(
  platform: Platform,
  tenant: Registered,
  to: Place,
  options: MoveOptions,
): Promise<Partial<Switched>> {
  const move = await beginMove(platform.clusters, tenant, to);
  let switched: Partial<Switched> = {};
  try {
    await prepare(platform, tenant, move);
    await options.tell?.('the new place is made');
    switched = await follow(platform, tenant, move, { ...defaults, ...options });
  } catch (error) {
    if (!(await hasSwitched(platform, tenant, move, error))) throw error;
  }
  await finish(platform, { ...move, step: 'switched' }, options);
  return switched;
}

/** The new place, to which nobody writes yet. */
async function prepare(platform: Platform, tenant: Registered, { from, to }: Move): Promise<void> {
  const there = { ...tenant, model: to.model, shard: to.shard };
  await shareRole(platform, tenant, from, to);
  await patiently(() => provision(platform, there));
  await enforce(platform, there);
  await withClient(placeUrl(platform.clusters, to), (client) => keepShut(client, tenant.id, to));
}

async function endOrUndo(platform: Platform, begun: Move, options: MoveOptions): Promise<void> {
  if (begun.step === 'copying') {
    await options.tell?.('an interrupted move is undone first');
    await restore(platform, begun);
  }
  // Whoever was thought to be interrupted may have switched in the meantime.
  const left = await findMove(platform.clusters, begun.tenantId);
  if (left?.step === 'switched') await finish(platform, left, options);
}

/** What went wrong before the switch leaves no trace, unless that goes wrong too. True when it was after the switch. */
async function hasSwitched(
  platform: Platform,
  tenant: Registered,
  move: Move,
  error: unknown,
): Promise<boolean> {
  try {
    if ((await findMove(platform.clusters, tenant.id))?.step === 'switched') return true;
    await restore(platform, move);
    return false;
  } catch (second) {
    throw new UserError(
      `${messageOf(error)}\nThe move of ${tenant.slug} could not be undone either (${messageOf(second)}). Its rows are ` +
        'safe; it may not be able to write: run the same move again when the reason is gone.',
    );
  }
}

/** The tenant is where it was: it may write there, and the other place is taken away. */
async function restore(platform: Platform, move: Move): Promise<void> {
  const { tenantId, from, to } = move;
  const { clusters } = platform;
  await whileStill(platform, move, from, async (client) => {
    const tenant = await findTenant(clusters, tenantId);
    await open(client, tenantId, from);
    await withdraw(platform, tenant, to, from);
    await patiently(() => synchronise(clusters, tenant));
    await enforce(platform, tenant);
    await endMove(clusters, tenantId);
  });
}

/** After the switch: the new place is opened, and the old one goes when nobody remembers it any more. */
async function finish(platform: Platform, move: Move, options: MoveOptions): Promise<void> {
  const { tenantId, from, to } = move;
  const { clusters } = platform;
  await whileStill(platform, move, to, async (client) => {
    await open(client, tenantId, to);
    await patiently(async () => synchronise(clusters, await findTenant(clusters, tenantId)));
  });
  await options.tell?.('the new place is open');
  await grace(platform, tenantId, options);
  await whileStill(platform, move, to, async () => {
    const tenant = await findTenant(clusters, tenantId);
    await withdraw(platform, tenant, from, to);
    await enforce(platform, tenant);
    await endMove(clusters, tenantId);
  });
  await options.tell?.('the old rows are gone');
}

/**
 * Does `work` while nobody moves or migrates the place that stays, and only where the journal still has this move as it was
 * read: a run that lost its connection to the registry cannot know that another one has taken over. `client` is at the
 * place. Throws `PlaceBusy` while the other one is at it.
 */
async function whileStill(
  { clusters }: Platform,
  { tenantId, from, to, step }: Move,
  stays: Place,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  await withClient(placeUrl(clusters, stays), (client) =>
    atPlace(client, lockable(stays, tenantId), async () => {
      const now = await findMove(clusters, tenantId);
      if (isDeepStrictEqual([now?.from, now?.to, now?.step], [from, to, step])) await work(client);
    }),
  );
}

async function grace(
  { clusters }: Platform,
  tenantId: string,
  options: MoveOptions,
): Promise<void> {
  const { graceMs = defaults.graceMs, signal, tell } = options;
  const switchedAt = (await findMove(clusters, tenantId))?.switchedAt ?? new Date();
  const left = switchedAt.getTime() + graceMs - Date.now();
  if (left <= 0) return;
  await tell?.(`the old rows stay for another ${Math.ceil(left / 1_000)} s`);
  await sleep(left, undefined, { ...(signal && { signal }) }).catch(() => {
    throw new Interrupted(
      'Interrupted: the tenant has moved. Run the same move again to remove the old rows.',
    );
  });
}

async function refuseFull({ clusters }: Platform, { slug }: Registered, to: Place): Promise<void> {
  const problems = await inRegistry(clusters, (client) => roomProblems(client, clusters, to.shard));
  if (problems.length > 0) throw new RefusedError(`${slug} stays where it is`, problems);
}

function refuseUnmovable({ slug, status }: Registered): void {
  if (status === 'active' || status === 'suspended') return;
  throw new UserError(`${slug} is ${status}: only a tenant that is active or suspended is moved`);
}
