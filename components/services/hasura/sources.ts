import { tenantSource } from '../../tenancy/hasura-metadata';
import type { Settings } from '../../settings/schema';
import { isOn } from '../presets';
import type { SecretSource } from '../service';

/** A database of Hasura's metadata. */
export interface HasuraSource {
  readonly name: string;
  /** The variable with its URL: Hasura refuses names that begin with HASURA_. */
  readonly variable: string;
  readonly secret: SecretSource;
}

/** The tenants' tables: permissions come from the declaration. */
const dataSource: HasuraSource = {
  ...tenantSource,
  secret: { database: 'strata_hasura' },
};

/**
 * Hasura Auth's own tables. It tracks them itself at each start, in a source that has to be called `default`
 * (nhost/nhost services/auth migrations/hasura.go at 92ec54cf, read 2026-11-22); nobody is permitted anything there.
 */
const authSource: HasuraSource = {
  name: 'default',
  variable: 'AUTH_DATABASE_URL',
  secret: { vendor: 'hasura-auth' },
};

type Chosen = Pick<Settings, 'preset' | 'services'>;

/** The databases whose tables Hasura serves, and those that it keeps for others. */
export function sourcesOf(settings: Chosen): HasuraSource[] {
  return [dataSource, ...othersOf(settings)];
}

/** Source → variable, of those whose services track their tables themselves. */
export function otherSources(settings: Chosen): Record<string, string> {
  return Object.fromEntries(othersOf(settings).map(({ name, variable }) => [name, variable]));
}

function othersOf(settings: Chosen): HasuraSource[] {
  return isOn('hasura-auth', settings) ? [authSource] : [];
}
