import { loginRoles } from './data/credentials';
import type { Plan } from './plan';
import { withMetadataJob } from './services/hasura/metadata-job';
import { schemaJob } from './services/schema-job';
import type { LoginRole, Service } from './services/service';
import type { Settings } from './settings/schema';

/**
 * The services of a plan, the database apart, with jobs for what Pulumi tells the database and Hasura where it reaches
 * them: they do it from inside the network, so nobody reaches in for it.
 */
export function withJobs(plan: Plan, settings: Settings): readonly Service[] {
  const logins = Object.keys(loginRoles) as LoginRole[];
  return [
    schemaJob(plan, logins, settings),
    ...withMetadataJob(plan, settings).map((service) =>
      service.kind === 'job' ? service : { ...service, reach: undefined },
    ),
  ];
}
