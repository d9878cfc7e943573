import type { Subject } from './subject';

/** A limit of the account in a region, and what this stack needs of it. */
export interface Quota {
  readonly what: string;
  readonly service: string;
  readonly code: string;
  /** In use by others. */
  readonly used: number;
  readonly needed: number;
  /** As much more while a release replaces servers. */
  readonly whileReplacing: number;
}

interface Tagged {
  readonly Tags?:
    { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
}

/** What this stack has already is not in the way of it. */
export function isOf(tags: Subject['tags'], { Tags = [] }: Tagged): boolean {
  return Object.entries(tags).every(([key, value]) =>
    Tags.some((tag) => tag.Key === key && tag.Value === value),
  );
}
