import { isOn } from './presets';
import type { Settings } from '../settings/schema';

/** What a service of another vendor keeps tables of its own in: a database that it owns, apart from tenants' rows. */
interface Vendor {
  /** Statements of the admin there, before the service comes; each may find its work done. */
  readonly setup: readonly string[];
  /** The most connections that one process of the service opens. */
  readonly each: number;
  /** The most that the service may have on one server: Postgres holds it to them. */
  readonly connections: number;
  /** Roles as which it serves requests: they have nothing in its database but what its policies say. */
  readonly becomes?: readonly ('strata_tenant' | 'strata_anon')[];
}

const extension = (name: string): string =>
  `create extension if not exists "${name}" with schema public`;

const schema = (name: string, owner: VendorName): string =>
  `create schema if not exists ${name} authorization "${vendorRole(owner)}"`;

export type VendorName = 'hasura' | 'hasura-auth' | 'gotrue' | 'supabase-storage';

/**
 * Services whose programs bring their own tables and migrations. None of their roles may so much as connect to the
 * platform's database; what each finds prepared is what its program does not make or may not:
 *
 * - Hasura's metadata needs pgcrypto (docs/deployment/postgres-requirements.mdx at 03edeb4a, read 2026-11-22);
 * - Hasura Auth needs its schema, and pgcrypto and citext in `public` (nhost/nhost services/auth migrations, read
 *   2026-11-22);
 * - GoTrue needs the schema `auth` (supabase/auth hack/init_postgres.sql at 25a0e1ca, read 2026-11-22);
 * - Supabase Storage needs the schema `storage` (supabase/postgres init-scripts at 09a4e4e3, read 2026-11-22).
 */
export const vendors: Readonly<Record<VendorName, Vendor>> = {
  hasura: { setup: [extension('pgcrypto')], each: 5, connections: 10 },
  'hasura-auth': {
    setup: [extension('pgcrypto'), extension('citext'), schema('auth', 'hasura-auth')],
    // pgx opens as many as there are processors; Hasura reads its tables besides.
    each: 10,
    connections: 20,
  },
  gotrue: { setup: [extension('pgcrypto'), schema('auth', 'gotrue')], each: 8, connections: 10 },
  'supabase-storage': {
    setup: [schema('storage', 'supabase-storage')],
    // And the job that fences its tables.
    each: 11,
    connections: 15,
    becomes: ['strata_tenant', 'strata_anon'],
  },
};

export const vendorNames = Object.keys(vendors) as VendorName[];

/** The login role of a vendor's service, and the name of its database. */
export function vendorRole(name: VendorName): string {
  return `vendor_${name.replaceAll('-', '_')}`;
}

/** Those whose services a deployment has. */
export function chosenVendors(settings: Pick<Settings, 'preset' | 'services'>): VendorName[] {
  return vendorNames.filter((name) => isOn(name, settings));
}
