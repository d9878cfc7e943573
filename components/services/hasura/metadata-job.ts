import type { Plan } from '../../plan';
import type { Settings } from '../../settings/schema';
import { hasuraRules } from '../../tenancy/hasura';
import type { MetadataPlan } from '../images/hasura-metadata/apply';
import { file } from '../paths';
import type { Job, Service } from '../service';
import { hasuraAddress } from './hasura';
import { otherSources } from './sources';

const planFile = 'metadata.json';

/** Everything that Hasura is told, whoever tells it. */
export function metadataPlan(plan: Plan, settings: Settings): MetadataPlan {
  return {
    schema: plan.schemaVersion,
    ...hasuraRules(plan.tenancy.declaration),
    others: otherSources(settings),
    application: plan.hasura,
  };
}

/**
 * The services with a job that tells Hasura its metadata, for deployments without Pulumi: whoever waits for Hasura waits
 * for that too. Nothing changes where there is no Hasura. Costs one Node process while it runs.
 */
export function withMetadataJob(plan: Plan, settings: Settings): readonly Service[] {
  const { services } = plan;
  if (!services.some(({ name }) => name === hasuraAddress.name)) return services;
  const job = metadataJob(metadataPlan(plan, settings));
  const waiting = services.map((service) =>
    service.needs.includes(hasuraAddress.name)
      ? { ...service, needs: [...service.needs, job.name] }
      : service,
  );
  return [...waiting, job];
}

function metadataJob(plan: MetadataPlan): Job {
  return {
    kind: 'job',
    name: 'hasura-metadata',
    program: { entries: { 'apply.cjs': 'components/services/images/hasura-metadata/apply.ts' } },
    command: ['node', '{program}/apply.cjs'],
    environment: {
      PLAN: file(planFile),
      HASURA_URL: `http://${hasuraAddress.name}:${String(hasuraAddress.port)}`,
    },
    secrets: {
      HASURA_ADMIN_SECRET: { platform: 'hasura-admin' },
      DATABASE_URL: { database: 'strata_migrator', direct: true },
    },
    files: { [planFile]: JSON.stringify(plan) },
    user: '1000:1000',
    needs: [hasuraAddress.name],
    timeoutSeconds: 120,
  };
}
