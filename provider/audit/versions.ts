import { type Finding, findingsOf, step } from './finding';

const finding = findingsOf(14);

/** Postgres' first minor releases without known ways around row level security; `docs` of each release name them. */
const firstSafe: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6, 18: 0 };

/** Before it, nested inherited roles of Hasura could be given more rows than any of their parts. */
const firstSafeHasura = [2, 45, 3] as const;

/** 14: the server's patch level; `version` is Postgres' `server_version_num`. */
export function postgresVersion(version: number): Finding[] {
  const major = Math.floor(version / 10_000);
  const minor = version % 10_000;
  const wanted = firstSafe[major];
  if (major > 18 || (wanted !== undefined && minor >= wanted)) return [];
  const least = wanted === undefined ? '15.14' : `${String(major)}.${String(wanted)}`;
  return [
    finding(
      'postgres-patch',
      `Postgres ${String(major)}.${String(minor)}`,
      'statistics and policies have known holes in this release, closed in later ones',
      step(`update the server to ${least} or later`),
    ),
  ];
}

/** 14: the engine's version, such as `v2.48.1-ce`. */
export function hasuraVersion(version: string): Finding[] {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (parts && compare(parts, firstSafeHasura) >= 0) return [];
  return [
    finding(
      'hasura-patch',
      `Hasura ${version}`,
      parts
        ? 'inherited roles that are nested can be given rows of others in this release'
        : 'this is no version that can be compared',
      step(`run version ${firstSafeHasura.join('.')} or later`),
    ),
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((part, index) => part !== b[index]);
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}
