import type { OtherSource } from '../../components/tenancy/hasura-metadata';
import { sha256 } from '../database/migration-file';
import type { Exported } from './api';

interface Source {
  readonly name?: string;
  readonly tables?: readonly Readonly<Record<string, unknown>>[];
}

/** Source → variable of its URL, where another service tracks its own tables. */
type Others = Readonly<Record<string, string>>;

/** The tables that other services have tracked, without what somebody may do there: that is not theirs to say. */
export function keptSources(others: Others, before: unknown): OtherSource[] {
  return Object.entries(others).map(([name, variable]) => ({
    name,
    variable,
    tables: (sourcesOf(before).find((source) => source.name === name)?.tables ?? []).map((table) =>
      membersOf(table, (member) => !isPermission(member)),
    ),
  }));
}

/** A Hasura that nobody has told anything; its sources may be there without tables. */
export function isEmpty(before: unknown): boolean {
  const {
    version: _format,
    sources = [],
    ...others
  } = before as {
    version?: number;
    sources?: readonly { tables?: readonly unknown[] }[];
  };
  return (
    Object.keys(others).length === 0 && sources.every(({ tables = [] }) => tables.length === 0)
  );
}

/** Of what this deployment says: which tables others track is theirs, but nobody may be permitted anything there. */
export function fingerprint({ metadata: all }: Exported, others: Others): string {
  const sources = sourcesOf(all).map((source) =>
    source.name !== undefined && Object.hasOwn(others, source.name)
      ? {
          ...source,
          tables: (source.tables ?? [])
            .map((table) => membersOf(table, isPermission))
            .filter(hasMembers),
        }
      : source,
  );
  return sha256(canonical({ ...(all as object), sources }));
}

function sourcesOf(all: unknown): readonly Source[] {
  return (all as { sources?: readonly Source[] }).sources ?? [];
}

function isPermission(member: string): boolean {
  return member.endsWith('_permissions');
}

function membersOf(
  table: Readonly<Record<string, unknown>>,
  wanted: (member: string) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(table).filter(([member]) => wanted(member)));
}

function hasMembers(table: object): boolean {
  return Object.keys(table).length > 0;
}

/** Hasura keeps the keys of objects in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
