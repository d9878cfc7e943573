import type { CatalogueName } from '../settings/names';
import type { Application } from './catalogue';
import { gotrue, gotrueAddress } from './auth/gotrue';
import { hasuraAuth, hasuraAuthAddress } from './auth/hasura-auth';
import { withMail } from './auth/mail';
import { oauth } from './auth/oauth';
import { sessions, sessionsAddress } from './auth/sessions';
import { functions } from './functions';
import { hasura } from './hasura/hasura';
import { mailpit } from './mailpit';
import { pgadmin } from './pgadmin';
import { postgraphile } from './postgraphile';
import { postgrest } from './postgrest';
import { isOn, type OptionalName } from './presets';
import { realtime } from './realtime';
import type { Service } from './service';
import { garage } from './storage/garage';
import { clamav } from './storage/scanner';
import { storage } from './storage/service';
import { bucketFor } from './storage/store';
import { imgproxy } from './supabase/imgproxy';
import { meta } from './supabase/meta';
import { supabaseStorage } from './supabase/storage-api';
import { studio } from './supabase/studio';

/** Something of the catalogue that a config may start or leave out. */
export interface Entry {
  readonly make: (application: Application) => readonly Service[];
  /** What it cannot work without: each of these lists has one that must be there too. */
  readonly needs?: readonly (readonly OptionalName[])[];
  /** What answers at the same paths, or does the same with the same data. */
  readonly excludes?: readonly OptionalName[];
  /** It reaches the tables that tenants of the main cluster share, and no tenant's own. */
  readonly sharedTablesOnly?: true;
}

/** Services that stand behind the gateway and the guard, in the order in which they are listed to people. */
const entries = {
  graphql: {
    make: ({ settings, tenancy }) => [
      postgraphile({
        port: settings.ports.graphql,
        introspection: settings.limits.graphql.introspection,
        pooled: settings.target !== 'embedded',
        declaration: tenancy.declaration,
      }),
    ],
  },
  hasura: { make: ({ settings }) => [hasura(settings)], sharedTablesOnly: true },
  postgrest: { make: ({ settings }) => [postgrest(settings)], sharedTablesOnly: true },
  functions: {
    make: (application) => functions(application.settings.functions, application.functions),
  },
  'hasura-auth': {
    make: ({ settings }) => [hasuraAuth(withMail(settings))],
    needs: [['hasura'], ['sessions']],
    excludes: ['gotrue'],
  },
  gotrue: { make: ({ settings }) => [gotrue(withMail(settings))], needs: [['sessions']] },
  sessions: {
    make: ({ settings }) => [
      sessions(settings, isOn('gotrue', settings) ? gotrueAddress : hasuraAuthAddress),
    ],
    needs: [['hasura-auth', 'gotrue']],
  },
  oauth: {
    make: ({ settings }) => [
      oauth({ ...settings, ...(isOn('sessions', settings) && { sessions: sessionsAddress }) }),
    ],
  },
  mailpit: { make: ({ settings }) => [mailpit(settings)] },
  pgadmin: { make: ({ settings }) => [pgadmin(settings)] },
  storage: {
    make: ({ settings }) => [
      storage(settings),
      ...(bucketFor('storage', settings) ? [] : [garage(settings)]),
      ...(settings.storage.scan === 'clamav' ? [clamav(settings)] : []),
    ],
    excludes: ['supabase-storage'],
  },
  'supabase-storage': { make: ({ settings }) => supabaseStorage(settings) },
  realtime: {
    make: ({ settings, tenancy: { declaration } }) => [
      realtime({ limits: settings.limits, declaration }),
    ],
  },
  imgproxy: { make: ({ settings }) => [imgproxy(settings)], needs: [['supabase-storage']] },
  meta: { make: ({ settings }) => [meta(settings)] },
  studio: { make: ({ settings }) => [studio(settings)], needs: [['meta']] },
} as const satisfies Partial<Record<CatalogueName, Entry>>;

export type EntryName = keyof typeof entries;

export const entryNames = Object.keys(entries) as EntryName[];

/** The same, each seen as any of them. */
export function entryOf(name: EntryName): Entry {
  return entries[name];
}
