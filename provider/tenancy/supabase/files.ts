import type { Client } from 'pg';
import type { PlannedTenant } from './plan';

/*
 * Files of a Supabase project, by upstream's schema of Storage: `storage.objects` has a row for each (bucket_id, name,
 * owner_id, metadata with size and mimetype), whose S3 key in the bucket is its name
 * (supabase.com/docs/guides/storage/schema/design and /s3/compatibility, read 2026-11-22).
 */

/** A file of the project, and what it becomes. */
export interface PlannedFile {
  readonly id: string;
  readonly bucket: string;
  /** In the bucket: `team/plan.pdf`. */
  readonly path: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  /** A member of the tenant; null where nobody keeps it, so that its admins alone see it. */
  readonly owner: string | null;
  readonly createdAt: string;
}

export interface PlannedFiles {
  /** Slug → its files. */
  readonly byTenant: ReadonlyMap<string, readonly PlannedFile[]>;
  readonly problems: readonly string[];
}

export const noFiles: PlannedFiles = { byTenant: new Map(), problems: [] };

type Found = Omit<PlannedFile, 'bytes'> & { readonly bytes: string | null };

/** What `storage.files` takes. */
const longestName = 255;
const mostBytes = 5 * 2 ** 30;

/**
 * Whose the files are: `places` says it of each bucket, or of a folder in one (`docs`, `docs/acme`), by the longest that
 * fits; null leaves it behind. Nothing is guessed: a file that no place has is a problem. Reads alone.
 */
export async function planFiles(
  client: Client,
  tenants: readonly PlannedTenant[],
  places: Readonly<Record<string, string | null>>,
): Promise<PlannedFiles> {
  const { rows } = await client.query<Found>(
    `select o.id::uuid as id, o.bucket_id as bucket, o.name as path, right(regexp_replace(o.name, '^.*/', ''), ${longestName}) as name,
       case when lower(o.metadata ->> 'mimetype') ~ '^[a-z0-9.+-]{1,63}/[a-z0-9.+-]{1,63}$'
         then lower(o.metadata ->> 'mimetype') else 'application/octet-stream' end as "mimeType",
       o.metadata ->> 'size' as bytes, to_jsonb(o) ->> 'owner_id' as owner, o.created_at::text as "createdAt"
     from storage.objects o order by o.id`,
  );
  const members = new Map(
    tenants.map(({ slug, members: its }) => [slug, new Set(its.map(({ id }) => id))]),
  );
  const unknown = [...new Set(Object.values(places))]
    .filter((slug) => slug !== null && !members.has(slug))
    .map((slug) => `no tenant ${slug} comes: --files names it`);
  const byTenant = new Map<string, PlannedFile[]>();
  const wrong = new Map<string, number>();
  for (const found of rows) {
    const slug = placeOf(found, places);
    if (slug === null) continue;
    const why = whyNot(found, slug);
    const its = members.get(slug ?? '');
    if (why !== undefined) wrong.set(why, (wrong.get(why) ?? 0) + 1);
    else if (slug !== undefined && its) {
      const owner = found.owner !== null && its.has(found.owner) ? found.owner : null;
      const files = byTenant.get(slug) ?? [];
      files.push({ ...found, bytes: Number(found.bytes), owner });
      byTenant.set(slug, files);
    }
  }
  const counted = [...wrong].map(([why, count]) => `${count} ${why}`);
  return { byTenant, problems: [...unknown, ...counted] };
}

/** What is wrong with a file that is to come; the same words for all such files of a bucket, since they are counted. */
function whyNot({ bucket, name, bytes }: Found, slug: string | undefined): string | undefined {
  if (slug === undefined) return `files of the bucket ${bucket} are in no place that --files names`;
  const size = Number(bytes ?? Number.NaN);
  const fits = Number.isSafeInteger(size) && size >= 0 && size <= mostBytes;
  return fits && name !== ''
    ? undefined
    : `files of the bucket ${bucket} have no name, no size, or more than 5 GiB`;
}

/** undefined: nobody said. */
function placeOf(
  { bucket, path }: Found,
  places: Readonly<Record<string, string | null>>,
): string | null | undefined {
  const folders = path.split('/').slice(0, -1);
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const place = [bucket, ...folders.slice(0, depth)].join('/');
    if (Object.hasOwn(places, place)) return places[place];
  }
  return undefined;
}
