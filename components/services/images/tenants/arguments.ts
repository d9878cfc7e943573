import type { z } from 'zod';
import type { Held } from '../../../../provider/tenancy/jobs';
import { RefusedError } from '../../../../provider/tenancy/wanted';

/** What a job was asked for with. Throws `RefusedError` with everything that cannot be read. */
export function read<T>(schema: z.ZodType<T>, { action, slug, arguments: given }: Held): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RefusedError(
    `${slug} is not changed: what was asked for (${action}) cannot be read`,
    parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`),
  );
}

/** By what the registry finds the tenant of a job. */
export function nameOf({ tenantId, slug }: Held): string {
  return tenantId ?? slug;
}

/** Without what is not said. */
export function defined<T extends Readonly<Record<string, unknown>>>(
  given: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
