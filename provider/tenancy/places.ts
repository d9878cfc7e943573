import { z } from 'zod';
import { UnreachableError } from '../database/connect';
import { differences } from '../local/changes';
import type { Changes, Context, Resource } from '../host/resource';
import { fanOut } from './fan-out';
import { migrationStatus } from './fan-out-ledger';
import { refuseFailures } from './fan-out-report';
import type { TenancyPlan } from './plan';
import type { Platform } from './provision';
import { provisionWaiting } from './waiting';

/**
 * The schemas and databases of all tenants that have their own, at the plan.
 *
 * Making it, and each new version of the plan, makes the places of its tenants that wait for one and brings every place up:
 * canaries first, a transaction for each, and an error that lists each tenant that failed with its reason; the next
 * deployment goes on with those. A place that is behind shows as drift. Deleting it changes nothing: the rows are the
 * tenants'. Costs a query for each place that is up to date, and only when something is to be done.
 */
export interface PlacesInputs {
  /** Shard → URL that connects as the migrator to its database `strata`; secret. */
  clusters: Record<string, string>;
  /** System identifier of the cluster with the registry. */
  cluster: string;
  /** What the passwords of tenants' logins are derived from; secret. */
  master: string;
  /** Of the plan. */
  version: string;
  plan: TenancyPlan;
  /** Tenants of the configuration that have a place of their own: another one is made in the same deployment. */
  tenants: string[];
}

export interface PlacesState extends PlacesInputs {
  /** Schemas and databases of tenants. */
  places: number;
  /** Those that lack something of the plan. */
  behind: number;
}

export const places: Resource<PlacesInputs, PlacesState> = {
  inputs: z.object({
    clusters: z.record(z.string(), z.string()),
    cluster: z.string(),
    master: z.string().min(1),
    version: z.string(),
    plan: z.custom<TenancyPlan>((plan) => typeof plan === 'object' && plan !== null),
    tenants: z.array(z.string()),
  }),
  computed: ['places', 'behind'],
  volatile: ['places', 'behind'],

  diff(state, inputs): Changes {
    return {
      ...differences(state, inputs, ['cluster', 'version', 'tenants'], 'update'),
      ...(state.behind > 0 && { behind: 'update' }),
    };
  },

  async create(inputs, context) {
    return { id: 'places', state: await bringAllUp(inputs, context) };
  },

  async read(_id, state) {
    try {
      return { ...state, ...(await count(state)) };
    } catch (error) {
      // An outage is no drift.
      if (error instanceof UnreachableError) return state;
      throw error;
    }
  },

  update: (_id, _state, inputs, context) => bringAllUp(inputs, context),

  delete: () => Promise.resolve(),
};

async function bringAllUp(inputs: PlacesInputs, context: Context): Promise<PlacesState> {
  const platform = platformOf(inputs);
  const unmade = await provisionWaiting(platform, inputs.tenants, (text) => {
    context.progress(text);
  });
  const report = await fanOut(platform, {
    signal: context.signal,
    progress: ({ slug, done, failed, total }) => {
      context.progress(
        `${done + failed} of ${total} tenants${failed > 0 ? `, ${failed} failed` : ''}: ${slug}`,
      );
    },
  });
  refuseFailures({
    ...report,
    total: report.total + unmade.length,
    failed: [...unmade, ...report.failed],
  });
  return { ...inputs, ...(await count(inputs)) };
}

async function count(inputs: PlacesInputs): Promise<Pick<PlacesState, 'places' | 'behind'>> {
  const all = await migrationStatus(platformOf(inputs));
  // What others are making is theirs to end: a deployment could do nothing about it.
  const ours = all.filter(
    ({ slug, status }) =>
      status === 'active' ||
      status === 'suspended' ||
      (status === 'provisioning' && inputs.tenants.includes(slug)),
  );
  return {
    places: ours.length,
    behind: ours.filter(({ behind }) => behind.length > 0).length,
  };
}

function platformOf({ clusters, plan, master }: PlacesInputs): Platform {
  return { clusters: new Map(Object.entries(clusters)), plan, master };
}
